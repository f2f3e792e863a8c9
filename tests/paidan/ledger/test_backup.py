from __future__ import annotations

import gzip
import stat
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from paidan.errors import LedgerError
from paidan.ledger import backup, migrate
from paidan.ledger.draft import drafts_of
from paidan.ledger.ledger import Ledger
from tests.paidan.ledger.sample import entry
from tests.paidan.ledger.test_migrations import OLD_ID, STEPS, fill
from tests.postgres import Postgres


def busy(ledger: Ledger) -> str:
    """A ledger with something in every table; a prediction's id."""
    told = ledger.keep([entry(f"T-{n}", "😀\x00退款") for n in range(30)])[0].answer["prediction_id"]
    ledger.review(told, by="小王", tag="process.invoice", note="换行\n和“引号”")
    ledger.outcome("crm-a", "T-1", queue="billing", rerouted=True)
    ledger.settle(drafts_of([entry("T-2", "另一条"), entry(None)]))
    ledger.event("promoted", "小王", {"version": "7"})
    ledger.changes()
    return str(told)


def contents(ledger: Ledger) -> list[list[tuple[object, ...]]]:
    with ledger.engine.connect() as conn:
        return [
            [tuple(row) for row in conn.exec_driver_sql(f"SELECT * FROM {name} ORDER BY 1")] for name in ledger.counts()
        ]


def test_a_backup_restores_all_there_was_and_goes_on_from_there(ledger: Ledger, tmp_path: Path) -> None:
    told = busy(ledger)
    before, rows = contents(ledger), ledger.counts()
    path = tmp_path / "backup.jsonl.gz"
    assert ledger.backup(path, "ab" * 32) == rows
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ledger.keep([entry("T-later")])
    ledger.review(told, by="小李", tag="x")
    head = ledger.restore(path)
    assert (head["step"], head["text_key"], head["counts"]) == (
        migrate.HEAD,
        "ab" * 32,
        {k: v for k, v in rows.items() if v},
    )
    assert contents(ledger) == before
    assert ledger.check() == []
    # Numbers go on where they were.
    assert ledger.review(told, by="小李", tag="y")["review_id"] == 2
    assert ledger.changes(ledger.changes()["changes"][-2]["cursor"])["changes"][0]["new"]["tag"] == "y"


@pytest.mark.postgres
def test_a_backup_of_one_database_restores_into_the_other(tmp_path: Path, postgres: Postgres) -> None:
    small, large = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}"), Ledger.open(postgres.database())
    busy(small)
    small.backup(tmp_path / "there.gz")
    large.restore(tmp_path / "there.gz")
    assert contents(large) == contents(small)
    large.backup(tmp_path / "back.gz")
    before = contents(small)
    small.restore(tmp_path / "back.gz")
    assert contents(small) == before
    for ledger in (small, large):
        ledger.close()


@pytest.mark.parametrize("step", STEPS)
def test_a_backup_of_every_earlier_step_restores(
    url: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Ledger(f"sqlite:///{tmp_path / 'old.db'}")
    migrate.migrate(old.engine, step)
    fill(old)
    with old.engine.connect() as conn, monkeypatch.context() as then:
        there = MetaData()
        there.reflect(conn)
        there.remove(there.tables["alembic_version"])
        then.setattr(backup, "metadata", there)
        old.backup(tmp_path / "old.gz")
    old.close()
    ledger = Ledger.open(url)
    ledger.restore(tmp_path / "old.gz")
    found = ledger.prediction(OLD_ID)
    assert found is not None
    assert found["reviews"][0]["new"] == {"tag": "b"}
    assert ledger.check() == []
    ledger.close()


@pytest.mark.parametrize("damage", ["cut", "byte", "row", "foreign", "newer", "empty"])
def test_a_damaged_backup_is_refused_and_changes_nothing(ledger: Ledger, tmp_path: Path, damage: str) -> None:
    busy(ledger)
    path = tmp_path / "backup.gz"
    ledger.backup(path)
    raw = path.read_bytes()
    lines = gzip.decompress(raw).splitlines(keepends=True)
    spoilt = {
        "cut": gzip.compress(b"".join(lines[:-1])),
        "byte": raw[: len(raw) // 2] + bytes([raw[len(raw) // 2] ^ 255]) + raw[len(raw) // 2 + 1 :],
        "row": gzip.compress(b"".join(lines[:3] + lines[4:])),
        "foreign": b"PK\x03\x04 no gzip",
        "newer": gzip.compress(b'{"paidan_ledger": 1, "step": "9999"}\n'),
        "empty": b"",
    }
    path.write_bytes(spoilt[damage])
    before = contents(ledger)
    with pytest.raises(LedgerError, match=r"cut short|damaged|is no backup|newer Paidan"):
        ledger.restore(path)
    assert contents(ledger) == before
    assert ledger.keep([entry("T-after")])[0].answer["revision"] == 1


def test_a_backup_never_replaces_another(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "b.gz").write_bytes(b"precious")
    with pytest.raises(LedgerError, match="a backup never replaces another"):
        ledger.backup(tmp_path / "b.gz")
    with pytest.raises(LedgerError, match="not found"):
        ledger.restore(tmp_path / "c.gz")

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from paidan.ledger.draft import drafts_of
from paidan.ledger.erasure import Erased, look_for
from paidan.ledger.ledger import Ledger
from tests.paidan.ledger.sample import KEY, entry

SECRET = "邻居老周家的空调外机夜里响得睡不着"
OTHER = "快递三天没有动静了"


def busy(ledger: Ledger) -> str:
    """A ticket with two revisions, an alias, a review, an outcome and changes; the digest that stays of it."""
    told = ledger.keep([entry("T-1001", SECRET), entry("T-2002", OTHER)])[0].answer
    ledger.settle(drafts_of([entry("T-1001", SECRET), entry("T-1001", SECRET + "，又响了")]))
    ledger.review(told["prediction_id"], by="小王", tag="process.invoice", note="说的是空调")
    ledger.outcome("crm-a", "T-1001", queue="billing")
    ledger.changes()
    return KEY.of_ticket("crm-a", "T-1001")


def test_nothing_of_a_ticket_stays_but_its_digest(ledger: Ledger) -> None:
    digest = busy(ledger)
    found = ledger.erase("crm-a", "T-1001", "小王", digest)
    assert found.counts == {"reviews": 1, "replayed": 2, "changes": 4, "outcomes": 1, "predictions": 2}
    assert len(found.prediction_ids) == 4
    assert all(ledger.prediction(one) is None for one in found.prediction_ids)
    assert ledger.counts()["predictions"] == 1
    assert [event["details"] for event in ledger.events("erased")] == [{"digest": digest, "predictions": 2}]
    # Who follows goes on without a gap in what is left.
    assert ledger.changes()["changes"] == []


def test_the_database_file_holds_it_no_more(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    busy(ledger)
    found = ledger.erase("crm-a", "T-1001", "小王", "d")
    assert look_for(found.traces(), tmp_path)[1] == []
    assert OTHER.encode() in (tmp_path / "ledger.db").read_bytes()
    ledger.close()


def test_before_it_is_erased_the_same_look_finds_it(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    busy(ledger)
    traces = Erased("crm-a", "T-1001", {}, (), (SECRET,)).traces()
    looked, holding = look_for(traces, tmp_path)
    assert looked >= 2
    assert {path.name for path in holding} & {"ledger.db", "ledger.db-wal"}
    ledger.close()


@pytest.mark.parametrize("name", ["export.jsonl", "backup.jsonl.gz", "cache.xlsx", "deep/er/report.html"])
def test_it_is_found_wherever_it_was_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Across the edge of what is read at once.
    raw = b"x" * ((1 << 20) - 10) + SECRET.encode() + b"y" * 100
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(raw))
    elif name.endswith(".xlsx"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/sharedStrings.xml", raw)
    else:
        path.write_bytes(raw)
    (tmp_path / "innocent.txt").write_text(OTHER, encoding="utf-8")
    traces = Erased("crm-a", "T-1001", {}, (), (SECRET,)).traces()
    assert look_for(traces, tmp_path) == (2, [path])
    assert look_for(traces, tmp_path, [path]) == (1, [])


def test_short_ids_and_texts_prove_nothing_and_are_not_looked_for() -> None:
    assert Erased("crm-a", "7", {}, (), ("断网",)).traces() == ()


def test_what_was_erased_and_comes_back_with_a_backup_is_erased_again(ledger: Ledger, tmp_path: Path) -> None:
    digest = busy(ledger)
    ledger.backup(tmp_path / "before.gz")
    ledger.erase("crm-a", "T-1001", "小王", digest)
    ledger.restore(tmp_path / "before.gz")
    assert ledger.counts()["predictions"] == 3
    assert ledger.erase_again({digest}, KEY.of_ticket, "小王") == 1
    assert ledger.counts()["predictions"] == 1


def test_an_unknown_ticket_is_erased_without_complaint(ledger: Ledger) -> None:
    assert sum(ledger.erase("crm-a", "T-404", "小王", "d").counts.values()) == 0

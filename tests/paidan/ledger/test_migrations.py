from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from paidan.errors import LedgerError
from paidan.ledger import migrate
from paidan.ledger.database import writing
from paidan.ledger.ledger import Ledger
from paidan.ledger.tables import metadata
from tests.paidan.ledger.sample import answer, entry

STEPS = [script.revision for script in reversed(list(ScriptDirectory(str(migrate.SCRIPTS)).walk_revisions()))]
OLD_ID = "01JD0000000000000000000001"


def fill(ledger: Ledger) -> None:
    """A prediction with a correction, as every step so far stores them."""
    rows: list[tuple[str, dict[str, Any]]] = [
        (
            "INSERT INTO predictions (prediction_id, source, id, revision, text_key, masked_text, answer, received_at, answered_at) "
            "VALUES (:p, 'crm-a', 'T-1', 1, :k, '空调不制冷', :a, 1, 2)",
            {"p": OLD_ID, "k": "0" * 32, "a": json.dumps(answer())},
        ),
        (
            "INSERT INTO reviews (prediction_id, at, by, verdict, old, new) VALUES (:p, 3, '小王', 'corrected', :o, :n)",
            {"p": OLD_ID, "o": '{"tag": "a"}', "n": '{"tag": "b"}'},
        ),
        ("INSERT INTO outcomes (source, id, at, origin, queue) VALUES ('crm-a', 'T-1', 4, 'api', 'billing')", {}),
        ("INSERT INTO events (at, kind, by, details) VALUES (5, 'promoted', '小王', '{}')", {}),
    ]
    with writing(ledger.engine).begin() as conn:
        for statement, values in rows:
            conn.execute(text(statement), values)


def test_the_steps_are_a_chain_and_the_last_is_the_head() -> None:
    assert sorted(STEPS) == STEPS
    assert STEPS[-1] == migrate.HEAD


def test_the_steps_lead_to_the_tables_that_the_code_uses(ledger: Ledger) -> None:
    with ledger.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("step", STEPS)
def test_a_ledger_of_every_earlier_step_comes_forward_with_all_it_holds(url: str, step: str) -> None:
    old = Ledger(url)
    migrate.migrate(old.engine, step)
    fill(old)
    old.close()
    ledger = Ledger.open(url)
    found = ledger.prediction(OLD_ID)
    assert found is not None
    assert (found["id"], found["masked_text"], found["outcome"]["queue"]) == ("T-1", "空调不制冷", "billing")
    assert [one["new"] for one in found["reviews"]] == [{"tag": "b"}]
    if step == "0001":
        assert [(one["kind"], one["id"], one["new"]) for one in ledger.changes()["changes"]] == [
            ("correction", "T-1", {"tag": "b"})
        ]
    assert ledger.keep([entry("T-2")])[0].answer["revision"] == 1
    assert ledger.review(OLD_ID, by="小李", tag="c")["old"]["tag"] == "b"
    assert ledger.check() == []
    ledger.close()


def test_a_ledger_at_its_head_is_left_alone_without_alembic(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(migrate, "upgrade", never)
    migrate.migrate(ledger.engine)


def test_many_who_open_an_empty_database_at_once_make_it_once(url: str) -> None:
    def open_it(_: int) -> int:
        ledger = Ledger.open(url)
        try:
            return len(ledger.keep([entry(None)]))
        finally:
            ledger.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(open_it, range(4))) == [1] * 4


def test_a_ledger_of_a_newer_paidan_is_refused_and_left_as_it_is(url: str) -> None:
    ledger = Ledger.open(url)
    with writing(ledger.engine).begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match="made by a newer Paidan \\(step 9999"):
        Ledger.open(url)
    ledger.close()


def test_a_migration_that_fails_leaves_the_step_before(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(url)
    migrate.migrate(ledger.engine, "0001")
    upgrade: Callable[..., None] = migrate.upgrade

    def cut_short(*arguments: Any) -> None:
        upgrade(*arguments)
        raise LedgerError("power cut")

    monkeypatch.setattr(migrate, "upgrade", cut_short)
    with pytest.raises(LedgerError, match="power cut"):
        migrate.migrate(ledger.engine)
    monkeypatch.undo()
    with ledger.engine.connect() as conn:
        assert migrate.step(conn) == "0001"
    migrate.migrate(ledger.engine)
    ledger.close()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("nonsense", "no address of a database"),
        ("mysql://a/b", "'mysql' is not supported"),
        ("sqlite://", "a ledger in memory keeps nothing"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str, sentence: str) -> None:
    with pytest.raises(LedgerError, match=sentence):
        Ledger.open(address)

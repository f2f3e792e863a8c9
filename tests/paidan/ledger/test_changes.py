from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import insert, select

from paidan.errors import LedgerError
from paidan.ledger import changes
from paidan.ledger.database import writing
from paidan.ledger.ledger import Ledger
from paidan.ledger.tables import change_sequence
from paidan.ledger.tables import changes as table
from tests.paidan.ledger.sample import entry

TICKET = {"prediction_id": None, "source": "crm-a", "id": "T-1", "revision": 1}


def follow(ledger: Ledger, after: str | None = None, limit: int = 100) -> tuple[list[dict[str, Any]], str]:
    """Everything after a cursor, page by page."""
    seen: list[dict[str, Any]] = []
    while True:
        page = ledger.changes(after, limit)
        seen += page["changes"]
        after = page["cursor"]
        if not page["more"]:
            return seen, page["cursor"]


def test_a_ledger_without_changes_has_a_cursor_to_come_back_with(ledger: Ledger) -> None:
    assert ledger.changes() == {"changes": [], "cursor": "0", "more": False}


def test_a_correction_says_old_and_new_and_whose_ticket_it_is(ledger: Ledger) -> None:
    told = ledger.keep([entry()])[0].answer
    ledger.review(told["prediction_id"], by="小王", tag="process.refund-delay", cause="听错")
    change = ledger.changes()["changes"][0]
    assert change["kind"] == "correction"
    assert (change["source"], change["id"], change["revision"]) == ("crm-a", "T-1", 1)
    assert (change["by"], change["cause"], change["prediction_id"]) == ("小王", "听错", told["prediction_id"])
    assert change["old"]["tag"] == "product.battery"
    assert change["new"] == {"tag": "process.refund-delay", "urgency": "medium", "kind": "complaint"}


def test_pages_follow_one_another_without_overlap(ledger: Ledger) -> None:
    told = ledger.keep([entry()])[0].answer
    for n in range(25):
        ledger.review(told["prediction_id"], by="小王", tag=f"t{n}")
    seen, cursor = follow(ledger, limit=10)
    assert [change["new"]["tag"] for change in seen] == [f"t{n}" for n in range(25)]
    assert ledger.changes(cursor) == {"changes": [], "cursor": cursor, "more": False}


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "١", "1" * 30])
def test_what_is_no_cursor_is_refused(ledger: Ledger, cursor: str) -> None:
    with pytest.raises(LedgerError, match="is no cursor"):
        ledger.changes(cursor)


@pytest.mark.postgres
def test_a_change_that_commits_late_is_not_missed(postgres: Any) -> None:
    """The transaction that inserts first commits last. A number taken at insert would put it where nobody looks again."""
    ledger = Ledger.open(postgres.database())
    engine = writing(ledger.engine)
    slow = engine.connect()
    began = slow.begin()
    changes.add(slow, "review", {**TICKET, "id": "慢"}, {}, {})
    with engine.begin() as quick:
        changes.add(quick, "review", {**TICKET, "id": "快"}, {}, {})
        numbers = list(quick.execute(select(table.c.change_id)).scalars())
    assert numbers == [2]  # the slow one has the number before it
    first = ledger.changes()
    assert [change["id"] for change in first["changes"]] == ["快"]
    began.commit()
    slow.close()
    second = ledger.changes(first["cursor"])
    assert [change["id"] for change in second["changes"]] == ["慢"]
    assert int(second["cursor"]) > int(first["cursor"])
    ledger.close()


def test_on_sqlite_a_second_writer_waits_for_the_first(tmp_path: Any) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    engine = writing(ledger.engine)
    with engine.begin() as slow, ThreadPoolExecutor(1) as pool:
        changes.add(slow, "review", {**TICKET, "id": "慢"}, {}, {})
        page = pool.submit(ledger.changes)
        assert page.result(5)["changes"] == []
    with engine.begin() as quick:
        changes.add(quick, "review", {**TICKET, "id": "快"}, {}, {})
    assert [change["id"] for change in ledger.changes()["changes"]] == ["慢", "快"]
    ledger.close()


def test_readers_and_writers_at_once_miss_nothing_and_keep_the_order_of_a_ticket(url: str) -> None:
    ledger, other = Ledger.open(url), Ledger.open(url)
    told = [kept.answer["prediction_id"] for kept in ledger.keep([entry(f"T-{n}") for n in range(4)])]

    def write(n: int) -> None:
        for step in range(15):
            (ledger if n % 2 else other).review(told[n], by="小王", tag=f"t{step}")

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, n) for n in range(4)]
        seen: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            done = all(writer.done() for writer in writers)
            some, cursor = follow(other, cursor, limit=7)
            seen += some
            if done:
                break
        for writer in writers:
            writer.result()
    for prediction_id in told:
        tags = [change["new"]["tag"] for change in seen if change["prediction_id"] == prediction_id]
        assert tags == [f"t{step}" for step in range(15)]
    assert [int(change["cursor"]) for change in seen] == list(range(1, 61))
    for opened in (ledger, other):
        opened.close()


def test_a_consumer_that_crashes_and_comes_back_sees_every_correction_in_order(ledger: Ledger) -> None:
    """1,000 answers, 100 corrections while the consumer crashes and starts again."""
    told = [kept.answer["prediction_id"] for kept in ledger.keep([entry(f"T-{n}") for n in range(1000)])]
    corrected = told[::10]
    saved: str | None = None
    handled: list[str] = []
    for n, prediction_id in enumerate(corrected):
        ledger.review(prediction_id, by="小王", tag="process.invoice")
        if n % 9 == 0:
            page = ledger.changes(saved, limit=5)
            handled += [change["prediction_id"] for change in page["changes"]]
            # Every other time it dies before it saves how far it came.
            saved = page["cursor"] if n % 2 else saved
    rest, _ = follow(ledger, saved)
    handled += [change["prediction_id"] for change in rest]
    assert set(handled) == set(corrected)
    first_seen = list(dict.fromkeys(handled))
    assert first_seen == corrected


def test_a_cursor_that_retention_has_overtaken_is_told_so(ledger: Ledger) -> None:
    with writing(ledger.engine).begin() as conn:
        for n in range(3):
            conn.execute(insert(table), changes.row("review", {**TICKET, "id": str(n)}, {}, {}))
    ledger.changes()
    with writing(ledger.engine).begin() as conn:
        conn.execute(change_sequence.update().values(pruned=2))
    with pytest.raises(LedgerError, match="between cursor 1 and 2 were removed by retention"):
        ledger.changes("1")
    assert ledger.changes("2")["changes"][0]["id"] == "2"

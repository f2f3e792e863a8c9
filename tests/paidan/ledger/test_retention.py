from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from paidan.errors import LedgerError
from paidan.ledger import draft, retention
from paidan.ledger.ledger import Ledger
from tests.paidan.ledger.sample import entry


def age(ledger: Ledger, days: int) -> None:
    """Let everything that is there be older."""
    then = datetime.now(UTC) - timedelta(days=days)
    stamp = round(then.timestamp() * 1000)
    with ledger._writer.begin() as conn:
        conn.exec_driver_sql(f"UPDATE outcomes SET at = {stamp}")
        conn.exec_driver_sql(f"UPDATE changes SET at = {stamp}")


def keep_at(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, days_ago: int, *ids: str) -> list[str]:
    """Answers given some days ago."""
    then = datetime.now(UTC) - timedelta(days=days_ago)
    with monkeypatch.context() as clock:
        clock.setattr(draft, "ULID", lambda: ULID.from_datetime(then))
        return [kept.answer["prediction_id"] for kept in ledger.keep([entry(id) for id in ids])]


def test_what_is_older_goes_with_all_that_was_said_of_it_and_the_rest_stays(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keep_at(ledger, monkeypatch, 400, "T-1", "T-2")
    ledger.review(old[0], by="小王", tag="process.invoice")
    ledger.outcome("crm-a", "T-1", queue="billing")
    cursor = ledger.changes()["cursor"]
    age(ledger, 400)
    young = keep_at(ledger, monkeypatch, 10, "T-3")
    ledger.review(young[0], by="小王", tag="process.invoice")
    gone = ledger.prune(retention.cutoff(365), "小王")
    assert gone == {"predictions": 2, "reviews": 1, "outcomes": 1, "changes": 2}
    assert [ledger.prediction(one) is None for one in (*old, *young)] == [True, True, False]
    # Who had read all that went reads on; who had not is told.
    assert [change["id"] for change in ledger.changes(cursor)["changes"]] == ["T-3"]
    with pytest.raises(LedgerError, match="removed by retention"):
        ledger.changes("1")
    assert [event["kind"] for event in ledger.events()] == ["pruned"]
    assert ledger.prune(retention.cutoff(365), "小王") == dict.fromkeys(gone, 0)
    assert len(ledger.events()) == 1


def test_much_is_removed_a_little_at_a_time(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 7)
    keep_at(ledger, monkeypatch, 400, *(f"T-{n}" for n in range(30)))
    assert ledger.prune(retention.cutoff(365), "小王")["predictions"] == 30


def test_a_change_that_has_no_position_yet_is_not_removed(ledger: Ledger) -> None:
    told = ledger.keep([entry()])[0].answer
    ledger.review(told["prediction_id"], by="小王")
    age(ledger, 400)
    assert ledger.prune(retention.cutoff(365), "小王")["changes"] == 0
    assert len(ledger.changes()["changes"]) == 1


def test_the_lowest_id_of_a_time_lies_below_all_ids_of_it() -> None:
    when = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    assert retention.lowest_id(when) <= str(ULID.from_datetime(when))
    assert str(ULID.from_datetime(when - timedelta(milliseconds=1))) < retention.lowest_id(when)

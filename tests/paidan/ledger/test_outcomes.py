from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from paidan.errors import LedgerError
from paidan.ledger.ledger import Ledger
from tests.paidan.ledger.sample import entry


def test_an_outcome_that_agrees_is_kept_and_changes_nothing(ledger: Ledger) -> None:
    ledger.keep([entry()])
    said = ledger.outcome("crm-a", "T-1", tag="product.battery", queue="after-sales")
    assert (said["joined"], said["recorded"], said["changed"]) == (True, True, {})
    assert said["outcome"]["rerouted"] is False
    assert ledger.changes()["changes"] == []


def test_another_desk_is_a_reroute_that_the_sender_hears_of(ledger: Ledger) -> None:
    ledger.keep([entry()])
    ledger.outcome("crm-a", "T-1", queue="billing")
    (change,) = ledger.changes()["changes"]
    assert change["kind"] == "reroute"
    assert change["old"] == {"queue": "after-sales", "rerouted": False}
    assert change["new"] == {"queue": "billing", "rerouted": True}


def test_another_tag_is_an_outcome_and_stays_apart_from_reviews(ledger: Ledger) -> None:
    told = ledger.keep([entry()])[0].answer
    ledger.outcome("crm-a", "T-1", tag="process.invoice", closed_at="2026-11-25T10:00:00+08:00")
    assert [change["kind"] for change in ledger.changes()["changes"]] == ["outcome"]
    found = ledger.prediction(told["prediction_id"])
    assert found is not None
    assert found["reviews"] == []
    assert found["outcome"]["tag"] == "process.invoice"


def test_the_same_outcome_twice_is_kept_once_and_a_later_one_adds_to_it(ledger: Ledger) -> None:
    ledger.keep([entry()])
    ledger.outcome("crm-a", "T-1", queue="billing")
    assert ledger.outcome("crm-a", "T-1", queue="billing")["recorded"] is False
    assert ledger.outcome("crm-a", "T-1", urgency="high")["outcome"] == {
        **{"tag": None, "queue": "billing", "urgency": "high", "rerouted": True, "closed_at": None}
    }
    assert ledger.counts()["outcomes"] == 2
    assert [change["new"] for change in ledger.changes()["changes"]] == [
        {"queue": "billing", "rerouted": True},
        {"urgency": "high"},
    ]


def test_an_outcome_of_a_ticket_never_answered_is_kept_and_does_not_join(ledger: Ledger) -> None:
    said = ledger.outcome("crm-a", "T-404", queue="billing")
    assert (said["joined"], said["prediction_id"]) == (False, None)
    assert (ledger.counts()["outcomes"], ledger.changes()["changes"]) == (1, [])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"desk": "billing"}, "unknown field 'desk'"),
        ({"rerouted": "no"}, "true or false"),
        ({"tag": 7}, "tag: expected a text"),
    ],
)
def test_a_field_that_is_none_is_refused(ledger: Ledger, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LedgerError, match=sentence):
        ledger.outcome("crm-a", "T-1", **fields)


def test_first_dispatch_is_one_minus_rerouted_of_routed(ledger: Ledger) -> None:
    ledger.keep([entry(f"A-{n}", decision="auto") for n in range(10)] + [entry(f"S-{n}") for n in range(4)])
    for n in range(10):
        ledger.outcome("crm-a", f"A-{n}", queue="billing" if n == 0 else "after-sales")
    ledger.outcome("crm-a", "S-0", queue="billing")
    ledger.outcome("crm-a", "S-1", tag="product.battery")  # says nothing of the desk
    found = ledger.first_dispatch()
    assert (found["auto"]["routed"], found["auto"]["rerouted"], found["auto"]["value"]) == (10, 1, 0.9)
    assert (found["proposed"]["routed"], found["proposed"]["rerouted"]) == (11, 2)
    assert found["auto"]["low"] < 0.9 < found["auto"]["high"]


def test_first_dispatch_counts_a_ticket_once_by_its_newest_revision_and_its_last_outcome(ledger: Ledger) -> None:
    ledger.keep([entry(text="甲", decision="auto")])
    ledger.keep([entry(text="乙", decision="auto")])
    ledger.outcome("crm-a", "T-1", rerouted=True)
    ledger.outcome("crm-a", "T-1", rerouted=False)
    assert ledger.first_dispatch()["auto"]["routed"] == 1
    assert ledger.first_dispatch()["auto"]["rerouted"] == 0


def rows(count: int) -> Iterator[tuple[int, dict[str, Any]]]:
    for n in range(count):
        # As a spreadsheet gives them: numbers for ids, spaces, and 是/否.
        yield (
            n + 2,
            {
                "id": float(n) if n % 3 else f" {n} ",
                "queue": "billing" if n % 10 == 0 else "after-sales",
                "rerouted": "是" if n % 10 == 0 else "否",
            },
        )


def test_a_file_of_closed_tickets_joins_by_id(ledger: Ledger) -> None:
    ledger.keep([entry(str(n), source="crm") for n in range(398)])
    found = ledger.import_outcomes(rows(400), source="crm", origin="closed.xlsx")
    assert (found.rows, found.joined, found.refused) == (400, 398, 0)
    assert found.share == 0.995
    assert found.unknown == ["398", "399"]
    assert found.changed == 40
    again = ledger.import_outcomes(rows(400), source="crm", origin="closed.xlsx")
    assert (again.joined, again.recorded, again.changed) == (398, 0, 0)


def test_rows_that_cannot_be_read_are_told_with_their_lines(ledger: Ledger) -> None:
    bad = [
        (2, {"id": ""}),
        (3, {"id": "T-1", "rerouted": "也许"}),
        (4, {"id": "T-1", "tag": "甲" * 300}),
        (5, {"id": "T-2"}),
    ]
    found = ledger.import_outcomes(bad, source="crm", origin="closed.csv")
    assert (found.rows, found.refused) == (4, 3)
    assert [problem.split(":")[0] for problem in found.problems] == ["line 2", "line 3", "line 4"]
    assert "rerouted is yes or no" in found.problems[1]

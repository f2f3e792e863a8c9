from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from paidan.deadlines import Deadlines, after, set_deadlines
from paidan.service_hours import ServiceHours
from paidan.terms import Terms, read_terms
from paidan.workdays import Workdays

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = Workdays.load(Path(__file__).parents[2] / "datasets" / "holidays.yaml")
OFFICE = ServiceHours.parse("Mon-Fri 09:00-18:00")
TERMS = {"high": Terms(1, 24), "medium": Terms(2, 48), "low": Terms(4, 72)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def due(received: str, tier: str, hours: ServiceHours = OFFICE) -> Deadlines:
    return set_deadlines(at(received), TERMS[tier], hours, CALENDAR, round_the_clock=tier == "high")


@pytest.mark.parametrize(
    ("received", "tier", "respond_by", "resolve_by"),
    [
        # the contract's example
        ("2026-11-20T17:50", "medium", "2026-11-23T10:50", "2026-11-23T11:00"),
        # plain days
        ("2026-11-16T10:00", "medium", "2026-11-16T12:00", "2026-11-18T10:00"),
        ("2026-11-16T10:00", "low", "2026-11-16T14:00", "2026-11-19T10:00"),
        ("2026-11-16T07:00", "medium", "2026-11-16T11:00", "2026-11-18T11:00"),
        ("2026-11-16T20:00", "low", "2026-11-17T13:00", "2026-11-20T13:00"),
        # high: around the clock, weekends and holidays alike
        ("2026-11-21T03:00", "high", "2026-11-21T04:00", "2026-11-22T03:00"),
        ("2026-10-01T23:30", "high", "2026-10-02T00:30", "2026-10-02T23:30"),
        # a result at closing time stays there
        ("2026-11-16T16:00", "medium", "2026-11-16T18:00", "2026-11-18T16:00"),
        ("2026-11-16T18:00", "medium", "2026-11-17T11:00", "2026-11-18T18:00"),
        # over the National Day holidays, from the last working day before them
        ("2026-09-30T17:00", "medium", "2026-10-08T10:00", "2026-10-08T11:00"),
        ("2026-09-30T17:00", "low", "2026-10-08T12:00", "2026-10-08T13:00"),
        # 调休: Saturday 10 October 2026 is worked
        ("2026-10-09T17:50", "medium", "2026-10-10T10:50", "2026-10-12T11:00"),
        ("2026-10-10T10:00", "medium", "2026-10-10T12:00", "2026-10-12T10:00"),
        # Spring Festival: Saturday 14 February is worked, closed from the 15th to the 23rd
        ("2026-02-14T17:00", "medium", "2026-02-24T10:00", "2026-02-24T11:00"),
    ],
)
def test_deadlines_of_an_office_desk(received: str, tier: str, respond_by: str, resolve_by: str) -> None:
    found = due(received, tier)
    assert (found.respond_by, found.resolve_by) == (at(respond_by), at(resolve_by))


def test_a_desk_that_never_closes_counts_plain_hours() -> None:
    found = due("2026-10-01T22:00", "medium", ServiceHours.parse("24x7"))
    assert (found.respond_by, found.resolve_by) == (at("2026-10-02T00:00"), at("2026-10-03T22:00"))


def test_a_desk_open_every_day_takes_no_notice_of_holidays() -> None:
    found = due("2026-10-01T21:30", "medium", ServiceHours.parse("Mon-Sun 08:30-22:00"))
    assert (found.respond_by, found.resolve_by) == (at("2026-10-02T10:00"), at("2026-10-03T21:30"))


def test_lunch_is_not_counted() -> None:
    hours = ServiceHours.parse("Mon-Fri 09:00-12:00, 13:00-18:00")
    assert due("2026-11-16T11:00", "medium", hours).respond_by == at("2026-11-16T14:00")


def test_each_deadline_may_be_counted_either_way() -> None:
    found = set_deadlines(
        at("2026-11-20T17:50"), TERMS["medium"], OFFICE, CALENDAR, respond="elapsed", resolve="service_hours"
    )
    assert found.respond_by == at("2026-11-23T11:00")
    assert found.resolve_by == at("2026-11-30T11:50")


def test_parts_of_an_hour_count_as_minutes() -> None:
    found = set_deadlines(at("2026-11-16T10:00"), Terms(0.25, 1.5), OFFICE, CALENDAR)
    assert (found.respond_by, found.resolve_by) == (at("2026-11-16T10:15"), at("2026-11-16T11:30"))


def test_nobody_is_told_unless_somebody_is_named() -> None:
    assert due("2026-11-16T10:00", "medium").escalate_at is None


def test_escalation_comes_before_the_answer_is_due_but_never_before_receipt() -> None:
    early = set_deadlines(at("2026-11-16T10:00"), TERMS["medium"], OFFICE, CALENDAR, escalate_before_min=30)
    assert early.escalate_at == at("2026-11-16T11:30")
    late = set_deadlines(at("2026-11-16T10:00"), TERMS["medium"], OFFICE, CALENDAR, escalate_before_min=600)
    assert late.escalate_at == at("2026-11-16T10:00")
    on_time = set_deadlines(at("2026-11-16T10:00"), TERMS["medium"], OFFICE, CALENDAR, escalate_before_min=0)
    assert on_time.escalate_at == on_time.respond_by


def test_hours_pass_rightly_over_a_change_to_winter_time() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert after(datetime(2026, 10, 25, 1, 30, tzinfo=berlin), 2).isoformat() == "2026-10-25T02:30:00+01:00"
    assert after(datetime(2026, 10, 24, 12, tzinfo=berlin), 24).isoformat() == "2026-10-25T11:00:00+01:00"


def test_the_tiers_are_all_needed_and_no_other() -> None:
    problems: list[str] = []
    read_terms({"high": {"respond_h": 0, "resolve_h": "24"}, "urgent": {}, "low": {"respond": 4}}, problems)
    told = "\n".join(problems)
    assert "unknown tier 'urgent'" in told
    assert "'medium' is missing" in told
    assert "tier 'high': `respond_h` is 0; hours above 0" in told
    assert "tier 'high': `resolve_h` is '24'" in told
    assert "tier 'low': unknown key 'respond' (did you mean 'respond_h'?)" in told

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidan.service_hours import ServiceHours
from paidan.workdays import Workdays

OFFICE = ServiceHours.parse("Mon-Fri 09:00-18:00")
LUNCH = ServiceHours.parse("Mon-Fri 09:00-12:00, 13:00-18:00")
SHOP = ServiceHours.parse("Mon-Sun 08:30-22:00")
ALWAYS = ServiceHours.parse("24x7")
CALENDAR = Workdays.from_dict(
    {
        "years": {
            2026: {
                "holidays": {
                    "2026-10-01": "国庆节",
                    "2026-10-02": "国庆节",
                    "2026-10-03": "国庆节",
                    "2026-10-05": "补休",
                },
                "working_days": ["2026-09-20", "2026-10-10"],
            }
        }
    }
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        (OFFICE, "2026-11-20T08:59:59", False),
        (OFFICE, "2026-11-20T09:00", True),
        (OFFICE, "2026-11-20T17:59:59", True),
        (OFFICE, "2026-11-20T18:00", False),
        (OFFICE, "2026-11-21T10:00", False),
        (OFFICE, "2026-10-01T10:00", False),
        (OFFICE, "2026-10-10T10:00", True),
        (OFFICE, "2026-09-20T10:00", True),
        (LUNCH, "2026-11-20T12:30", False),
        (SHOP, "2026-10-01T21:59", True),
        (SHOP, "2026-11-22T08:29", False),
        (ALWAYS, "2026-10-01T03:00", True),
    ],
)
def test_a_desk_is_open_within_its_hours_on_days_that_it_works(
    hours: ServiceHours, moment: str, expected: bool
) -> None:
    assert hours.is_open(at(moment), CALENDAR) is expected


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        (OFFICE, "2026-11-20T10:00", "2026-11-20T10:00"),
        (OFFICE, "2026-11-20T07:00", "2026-11-20T09:00"),
        (OFFICE, "2026-11-20T18:00", "2026-11-23T09:00"),
        (OFFICE, "2026-09-30T18:00", "2026-10-06T09:00"),
        (OFFICE, "2026-10-09T20:00", "2026-10-10T09:00"),
        (LUNCH, "2026-11-20T12:00", "2026-11-20T13:00"),
        (SHOP, "2026-09-30T22:30", "2026-10-01T08:30"),
        (ALWAYS, "2026-10-01T03:00", "2026-10-01T03:00"),
    ],
)
def test_the_next_opening_skips_nights_weekends_and_holidays(hours: ServiceHours, moment: str, expected: str) -> None:
    assert hours.next_opening(at(moment), CALENDAR) == at(expected)


@pytest.mark.parametrize(
    ("hours", "moment", "minutes", "expected"),
    [
        (OFFICE, "2026-11-20T17:50", 120, "2026-11-23T10:50"),
        (OFFICE, "2026-11-20T16:00", 120, "2026-11-20T18:00"),
        (OFFICE, "2026-11-20T16:00", 121, "2026-11-23T09:01"),
        (OFFICE, "2026-11-20T06:00", 60, "2026-11-20T10:00"),
        (OFFICE, "2026-11-18T09:00", 540 * 3, "2026-11-20T18:00"),
        (LUNCH, "2026-11-20T11:30", 60, "2026-11-20T13:30"),
        (LUNCH, "2026-11-20T11:30", 30, "2026-11-20T12:00"),
        (OFFICE, "2026-10-09T17:00", 120, "2026-10-10T10:00"),
        (SHOP, "2026-09-30T21:30", 60, "2026-10-01T09:00"),
        (ALWAYS, "2026-09-30T23:30", 60, "2026-10-01T00:30"),
    ],
)
def test_minutes_count_only_while_the_desk_is_open(
    hours: ServiceHours, moment: str, minutes: int, expected: str
) -> None:
    assert hours.add_open_minutes(at(moment), minutes, CALENDAR) == at(expected)


def test_seconds_are_kept_when_minutes_are_counted() -> None:
    assert OFFICE.add_open_minutes(at("2026-11-20T17:59:30"), 1, CALENDAR) == at("2026-11-23T09:00:30")


@given(
    st.sampled_from([OFFICE, LUNCH, SHOP]),
    st.datetimes(datetime(2026, 9, 15), datetime(2026, 10, 20)).map(lambda d: d.replace(second=0, microsecond=0)),
    st.integers(1, 1500),
)
def test_counted_minutes_are_the_open_minutes_in_between(hours: ServiceHours, moment: datetime, minutes: int) -> None:
    due = hours.add_open_minutes(moment, minutes, CALENDAR)
    passed = int((due - moment).total_seconds() // 60)
    assert sum(hours.is_open(moment + timedelta(minutes=count), CALENDAR) for count in range(passed)) == minutes


def test_a_deadline_may_stand_on_the_minute_of_closing_but_not_after_it() -> None:
    assert OFFICE.admits(at("2026-11-20T18:00"), CALENDAR)
    assert not OFFICE.admits(at("2026-11-20T18:00:01"), CALENDAR)
    assert ServiceHours.parse("Fri 20:00-24:00").admits(at("2026-11-21T00:00"), CALENDAR)


def test_a_worked_weekend_keeps_the_hours_of_the_weekday_beside_it() -> None:
    hours = ServiceHours.parse("Mon-Thu 09:00-18:00, Fri 09:00-17:00, Sat 10:00-14:00")
    assert hours.on(at("2026-10-10T00:00").date(), CALENDAR) == ((9 * 3600, 17 * 3600),)
    assert hours.on(at("2026-09-20T00:00").date(), CALENDAR) == ((9 * 3600, 18 * 3600),)
    assert hours.on(at("2026-11-21T00:00").date(), CALENDAR) == ((10 * 3600, 14 * 3600),)


def test_a_desk_that_rests_only_on_sundays_still_keeps_the_holidays() -> None:
    hours = ServiceHours.parse("Mon-Sat 09:00-18:00")
    assert hours.follows_holidays
    assert not hours.is_open(at("2026-10-03T10:00"), CALENDAR)


def test_always_open_may_be_written_in_three_ways() -> None:
    assert ServiceHours.parse("24x7") == ServiceHours.parse(" 24/7 ") == ServiceHours.parse("7x24")
    assert ALWAYS.always
    assert not ALWAYS.follows_holidays


def test_a_full_width_comma_separates_ranges_too() -> None:
    assert ServiceHours.parse("Mon-Fri 09:00-12:00，13:00-18:00").week == LUNCH.week


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' is not a range of hours; write it like \"Mon-Fri 09:00-18:00\""),
        ("周一至周五 9点到18点", "is not a range of hours"),
        ("09:00-18:00", "names no days"),
        ("Mon-Fry 09:00-18:00", "'Fry' is no day; the days are Mon, Tue"),
        ("Sat-Tue 09:00-18:00", "'Sat-Tue' runs backwards"),
        ("Mon-Fri 18:00-09:00", "ends before it begins; write a night as 22:00-24:00, 00:00-06:00"),
        ("Mon-Fri 09:00-25:00", "is no time of day; 00:00 to 24:00"),
        ("Mon-Fri 09:75-18:00", "is no time of day"),
        ("Mon-Fri 09:00-13:00, 12:00-18:00", "overlaps an earlier range on Mon"),
    ],
)
def test_hours_that_cannot_be_read_are_refused_with_what_is_allowed(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ServiceHours.parse(text)

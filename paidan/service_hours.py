"""When a desk is staffed: "Mon-Fri 09:00-18:00" as something that can be asked and counted in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from paidan.workdays import Workdays

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ALLOWED = 'write it like "Mon-Fri 09:00-18:00", "Mon-Fri 09:00-12:00, 13:00-18:00" or "24x7"'
_ITEM = re.compile(r"(?:([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))?\s+)?(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_DAY = 24 * 3600

# Seconds since midnight, half open: the closing second is closed.
Range = tuple[int, int]


@dataclass(frozen=True)
class ServiceHours:
    """Open ranges by weekday. A desk that rests on Saturdays or Sundays also rests on holidays and works on 调休
    weekends (`follows_holidays`); one that is staffed all week takes no notice of the calendar.

    Moments are aware datetimes on the desk's own wall clock; `workdays` tells holidays.

    >>> hours = ServiceHours.parse("Mon-Fri 09:00-18:00")
    >>> hours.add_open_minutes(datetime(2026, 11, 20, 17, 50), 120, Workdays.none()).isoformat()
    '2026-11-23T10:50:00'
    """

    text: str
    week: tuple[tuple[Range, ...], ...]
    always: bool = field(init=False, compare=False, repr=False)
    follows_holidays: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "always", all(ranges == ((0, _DAY),) for ranges in self.week))
        object.__setattr__(self, "follows_holidays", not (self.week[_SATURDAY] and self.week[_SUNDAY]))

    @classmethod
    def parse(cls, text: str) -> ServiceHours:
        """Read the hours as a person writes them.

        Raises:
            ValueError: a sentence that says what was found and what is allowed.
        """
        if text.strip().lower() in {"24x7", "24/7", "7x24"}:
            return cls("24x7", (((0, _DAY),),) * 7)
        week: list[list[Range]] = [[] for _ in DAYS]
        days: range | None = None
        for item in text.replace("，", ",").split(","):
            match = _ITEM.fullmatch(item.strip())
            if match is None:
                raise ValueError(f"'{item.strip()}' is not a range of hours; {ALLOWED}")
            first, last, *clock = match.groups()
            days = _days(first, last or first) if first else days
            if days is None:
                raise ValueError(f"'{item.strip()}' names no days; {ALLOWED}")
            opened = _range(*(int(figure) for figure in clock))
            for day in days:
                if any(opened[0] < end and begin < opened[1] for begin, end in week[day]):
                    raise ValueError(f"'{item.strip()}' overlaps an earlier range on {DAYS[day]}; join the two")
                week[day].append(opened)
        return cls(text.strip(), tuple(tuple(sorted(ranges)) for ranges in week))

    def on(self, day: date, workdays: Workdays) -> tuple[Range, ...]:
        """The open ranges of one date. A 调休 Saturday keeps Friday's hours, a 调休 Sunday Monday's."""
        weekday = day.weekday()
        if not self.follows_holidays:
            return self.week[weekday]
        if weekday >= _SATURDAY and day in workdays.working_days:
            return self.week[_FRIDAY if weekday == _SATURDAY else 0] or self.week[weekday]
        return () if day in workdays.holidays else self.week[weekday]

    def is_open(self, moment: datetime, workdays: Workdays) -> bool:
        second = _second(moment)
        return any(begin <= second < end for begin, end in self.on(moment.date(), workdays))

    def admits(self, moment: datetime, workdays: Workdays) -> bool:
        """Whether a deadline may stand here: in the hours, or on the very minute of closing."""
        if self.is_open(moment, workdays):
            return True
        second, day = _second(moment), moment.date()
        if second == 0:
            second, day = _DAY, day - timedelta(days=1)
        return any(second == end for _, end in self.on(day, workdays))

    def next_opening(self, moment: datetime, workdays: Workdays) -> datetime:
        """The first moment from here on at which the desk is open: this very one when it is."""
        return self.add_open_minutes(moment, 0, workdays)

    def add_open_minutes(self, moment: datetime, minutes: int, workdays: Workdays) -> datetime:
        """The moment by which the desk has been open for so many minutes; one at closing time stays there."""
        left = minutes * 60
        second, day = _second(moment), moment.date()
        while True:
            for begin, end in self.on(day, workdays):
                begin = max(begin, second)
                if begin < end:
                    if left <= end - begin:
                        midnight = datetime.combine(day, time.min, moment.tzinfo)
                        return midnight + timedelta(seconds=begin + left)
                    left -= end - begin
            second, day = 0, day + timedelta(days=1)


def _second(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _days(first: str, last: str) -> range:
    for name in (first, last):
        if name not in DAYS:
            raise ValueError(f"'{name}' is no day; the days are {', '.join(DAYS)}")
    begin, end = DAYS.index(first), DAYS.index(last)
    if begin > end:
        raise ValueError(f"'{first}-{last}' runs backwards; a week begins on Mon, so write two ranges")
    return range(begin, end + 1)


def _range(begin_hour: int, begin_minute: int, end_hour: int, end_minute: int) -> Range:
    written = f"{begin_hour:02}:{begin_minute:02}-{end_hour:02}:{end_minute:02}"
    begin, end = begin_hour * 3600 + begin_minute * 60, end_hour * 3600 + end_minute * 60
    if begin_minute > 59 or end_minute > 59 or end > _DAY:
        raise ValueError(f"'{written}' is no time of day; 00:00 to 24:00 are allowed")
    if begin >= end:
        raise ValueError(f"'{written}' ends before it begins; write a night as 22:00-24:00, 00:00-06:00")
    return begin, end

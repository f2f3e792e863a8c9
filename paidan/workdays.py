"""Which days are worked in China: weekdays, less the holidays, plus the weekends worked in exchange (调休)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from paidan.errors import RoutingError
from paidan.yaml_file import read_yaml

Certainty = Literal["known", "statutory", "weekends_only"]
_CERTAINTIES = ("known", "statutory")
_SATURDAY = 5


@dataclass(frozen=True)
class Workdays:
    """Holidays and exchanged weekends of the listed years.

    `certainty` says how much is known of each year: `known` once the State Council has announced the exchanged
    days, `statutory` while only the legal holidays are sure.

    >>> spring = Workdays.from_dict({"years": {2026: {
    ...     "holidays": {"2026-02-17": "春节"}, "working_days": ["2026-02-14"]}}})
    >>> spring.is_working_day(date(2026, 2, 17)), spring.is_working_day(date(2026, 2, 14))
    (False, True)
    >>> spring.certainty_of(date(2031, 1, 1))
    'weekends_only'
    """

    holidays: Mapping[date, str]
    working_days: frozenset[date]
    certainty: Mapping[int, Certainty]

    def is_working_day(self, day: date) -> bool:
        if day in self.working_days:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def known(self, day: date) -> bool:
        """Whether the year of `day` is listed at all."""
        return day.year in self.certainty

    def certainty_of(self, *days: date) -> Certainty:
        """How sure the calendar is of all these days: the weakest of their years."""
        levels: set[Certainty] = {self.certainty.get(day.year, "weekends_only") for day in days}
        if "weekends_only" in levels:
            return "weekends_only"
        return "statutory" if "statutory" in levels else "known"

    @property
    def end(self) -> date | None:
        """The last day of the unbroken run of fully known years; None when no year is fully known."""
        years = sorted(year for year, level in self.certainty.items() if level == "known")
        last = years[0] if years else None
        while last is not None and last + 1 in years:
            last += 1
        return None if last is None else date(last, 12, 31)

    @classmethod
    def none(cls) -> Workdays:
        """A calendar that knows nothing but weekends."""
        return cls({}, frozenset(), {})

    @classmethod
    def load(cls, path: Path) -> Workdays:
        """Read and check `holidays.yaml`.

        Raises:
            RoutingError: with every problem of the file at once.
        """
        raw, twice = read_yaml(path, RoutingError, "Copy it from the installed defaults: `paidan init DIR` does so")
        return cls.from_dict(raw, path.name, twice)

    @classmethod
    def from_dict(cls, raw: object, where: str = "holidays", problems: Iterable[str] = ()) -> Workdays:
        found = list(problems)
        years = raw.get("years") if isinstance(raw, Mapping) else None
        if not isinstance(years, Mapping):
            raise RoutingError(where, [*found, "expected a mapping `years` of years to `holidays` and `working_days`"])
        holidays: dict[date, str] = {}
        working: list[date] = []
        certainty: dict[int, Certainty] = {}
        for key, entry in years.items():
            if not str(key).isdigit() or not isinstance(entry, Mapping):
                found.append(f"year {key!r}: expected a year like 2026 with `holidays` and `working_days`")
                continue
            year = int(key)
            level = entry.get("certainty", "known")
            if level not in _CERTAINTIES:
                found.append(f"year {year}: certainty {level!r} is not allowed; write known or statutory")
            certainty[year] = "statutory" if level == "statutory" else "known"
            names, extra = entry.get("holidays") or {}, entry.get("working_days") or []
            if not isinstance(names, Mapping) or not isinstance(extra, list):
                found.append(f"year {year}: `holidays` is a mapping of dates to names, `working_days` a list of dates")
                continue
            for written, name in names.items():
                day = _day(written, year, found)
                if day is not None:
                    holidays[day] = str(name)
            working += [day for day in (_day(written, year, found) for written in extra) if day is not None]
        found += [
            f"{day} is both a holiday and a working day; keep one" for day in sorted(set(working) & set(holidays))
        ]
        if found:
            raise RoutingError(where, found)
        return cls(holidays, frozenset(working), certainty)

    def to_raw(self) -> dict[str, Any]:
        """The calendar as JSON can hold it; `from_dict` reads it back equal."""
        return {
            "years": {
                str(year): {
                    "certainty": level,
                    "holidays": {d.isoformat(): name for d, name in sorted(self.holidays.items()) if d.year == year},
                    "working_days": [d.isoformat() for d in sorted(self.working_days) if d.year == year],
                }
                for year, level in sorted(self.certainty.items())
            }
        }


def _day(written: object, year: int, problems: list[str]) -> date | None:
    try:
        day = date.fromisoformat(str(written))
    except ValueError:
        problems.append(f"year {year}: {written!r} is not a date like {year}-10-01")
        return None
    if day.year != year:
        problems.append(f"year {year}: {day} belongs under {day.year}")
        return None
    return day

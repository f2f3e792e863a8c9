"""The desks that work is given to: their hours, how their deadlines are counted, who hears of a late answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from paidan.deadlines import COUNTS, Count
from paidan.service_hours import ServiceHours
from paidan.yaml_file import unknown_keys

_KEYS = ("name", "service_hours", "counts", "escalate_to", "escalate_before_min")
_DEFAULT_HOURS = "24x7"
_MAX_ESCALATE_MIN = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who can be named in an answer: a queue or a person."""

    id: str
    name: str

    def to_dict(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Queue:
    """A desk. `escalate_before_min` counts minutes before `respond_by`; without `escalate_to` nobody is told.

    >>> problems: list[str] = []
    >>> desk = Queue.read("after-sales", {"name": "售后组", "service_hours": "Mon-Fri 09:00-18:00"}, problems)
    >>> desk.party.name, desk.respond, desk.resolve, problems
    ('售后组', 'service_hours', 'elapsed', [])
    """

    party: Party
    hours: ServiceHours
    respond: Count = "service_hours"
    resolve: Count = "elapsed"
    escalate_to: str | None = None
    escalate_before_min: int = 0

    @property
    def id(self) -> str:
        return self.party.id

    @classmethod
    def read(cls, queue_id: str, raw: object, problems: list[str]) -> Queue:
        """One entry under `queues`; what is wrong with it is added to `problems`."""
        where = f"queue '{queue_id}'"
        if not isinstance(raw, Mapping):
            problems.append(f"{where}: expected a mapping with `name` and `service_hours`, found {raw!r}")
            raw = {"name": queue_id}
        problems += unknown_keys(where, raw, _KEYS)
        name = raw.get("name")
        if not isinstance(name, str) or not name.strip():
            problems.append(f"{where}: `name` is {name!r}; give the name that staff read, like 售后组")
        counts = raw.get("counts") or {}
        if not isinstance(counts, Mapping):
            problems.append(
                f"{where}: `counts`: expected {{respond: service_hours, resolve: elapsed}}, found {counts!r}"
            )
            counts = {}
        problems += unknown_keys(f"{where}: `counts`", counts, ("respond", "resolve"))
        minutes = raw.get("escalate_before_min", 0)
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 0 <= minutes <= _MAX_ESCALATE_MIN:
            problems.append(
                f"{where}: `escalate_before_min` is {minutes!r}; whole minutes from 0 to {_MAX_ESCALATE_MIN} are allowed"
            )
            minutes = 0
        escalate_to = raw.get("escalate_to")
        return cls(
            Party(queue_id, str(name)),
            _hours(where, raw.get("service_hours", _DEFAULT_HOURS), problems),
            _count(where, "respond", counts.get("respond", "service_hours"), problems),
            _count(where, "resolve", counts.get("resolve", "elapsed"), problems),
            None if escalate_to is None else str(escalate_to),
            minutes,
        )

    def to_raw(self) -> dict[str, Any]:
        raw: dict[str, Any] = {
            "name": self.party.name,
            "service_hours": self.hours.text,
            "counts": {"respond": self.respond, "resolve": self.resolve},
        }
        if self.escalate_to is not None:
            raw["escalate_to"] = self.escalate_to
        return {**raw, "escalate_before_min": self.escalate_before_min}


def _hours(where: str, written: object, problems: list[str]) -> ServiceHours:
    try:
        return ServiceHours.parse(str(written))
    except ValueError as error:
        problems.append(f"{where}: `service_hours`: {error}")
        return ServiceHours.parse(_DEFAULT_HOURS)


def _count(where: str, deadline: str, written: object, problems: list[str]) -> Count:
    for count in COUNTS:
        if written == count:
            return count
    problems.append(f"{where}: `counts.{deadline}` is {written!r}; {' or '.join(COUNTS)} is allowed")
    return COUNTS[0]

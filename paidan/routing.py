"""The routing table: which desk gets a message, and by when it must answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from paidan.cue_context import CueContext
from paidan.cues import CueRules
from paidan.deadlines import set_deadlines
from paidan.errors import RoutingError
from paidan.queues import Party, Queue
from paidan.route import Route
from paidan.routing_rule import Rule, RuleReader, as_fact
from paidan.taxonomy import Taxonomy
from paidan.terms import Terms, read_terms
from paidan.workdays import Workdays
from paidan.yaml_file import did_you_mean, read_yaml, unknown_keys

_KEYS = (
    "version",
    "timezone",
    "tiers",
    "queues",
    "people",
    "leads",
    "triage",
    "default",
    "rules",
    "cue_context",
    "cues",
)
_VERSION = 1


@dataclass(frozen=True)
class RoutingTable:
    """A checked `routing.yaml`. Nothing downstream touches the raw file.

    Attributes:
        people: who is not a queue but may be escalated to, by id.
        warnings: what a lenient reading left out, and rules that can never fire; no part of the table's identity.

    >>> table = RoutingTable.from_dict({
    ...     "version": 1, "timezone": "Asia/Shanghai", "triage": "triage", "default": "triage",
    ...     "tiers": {tier: {"respond_h": 2, "resolve_h": 48} for tier in ("high", "medium", "low")},
    ...     "queues": {"triage": {"name": "分诊台"}, "fix": {"name": "售后组"}},
    ...     "rules": [{"id": "cold", "when": {"tag": "不制冷"}, "queue": "fix"}],
    ... }, Taxonomy.infer(["不制冷"]), Workdays.none())
    >>> route = table.route(tag="不制冷", tier="medium", decision="auto", received_at=datetime(2026, 11, 23, 9))
    >>> route.queue.name, route.respond_by.isoformat()
    ('售后组', '2026-11-23T11:00:00+08:00')
    """

    timezone: ZoneInfo
    terms: Mapping[str, Terms]
    queues: Mapping[str, Queue]
    people: Mapping[str, Party]
    triage: str
    default: str
    rules: tuple[Rule, ...]
    cues: CueRules
    workdays: Workdays
    warnings: tuple[str, ...] = field(default=(), compare=False)
    _by_tag: Mapping[str | None, tuple[Rule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tags = {tag for rule in self.rules for tag in rule.tags}
        by_tag = {tag: tuple(rule for rule in self.rules if not rule.tags or tag in rule.tags) for tag in (None, *tags)}
        object.__setattr__(self, "_by_tag", by_tag)

    def route(
        self,
        *,
        tag: str | None,
        tier: str,
        decision: str,
        received_at: datetime,
        category: str | None = None,
        kind: str | None = None,
        scope: str | None = None,
        channel: str | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Route:
        """The tag's desk when `decision` is `auto`, the triage desk otherwise; deadlines are of the desk that gets it.

        Args:
            received_at: without offset it is read in the table's zone; fractions of a second are dropped.
        """
        facts: dict[str, str | None] = {
            "tag": tag,
            "category": category,
            "kind": kind,
            "tier": tier,
            "scope": scope,
            "channel": channel,
            "decision": decision,
        }
        if fields:
            facts.update({f"fields.{key}": as_fact(value) for key, value in fields.items()})
        rules = self._by_tag.get(tag, self._by_tag[None])
        rule = next((rule for rule in rules if rule.holds(facts)), None)
        proposed = self.queues[self.default if rule is None else rule.queue]
        queue = proposed if decision == "auto" else self.queues[self.triage]
        received = self._zoned(received_at)
        lead = self.party(queue.escalate_to)
        due = set_deadlines(
            received,
            self.terms[tier],
            queue.hours,
            self.workdays,
            respond=queue.respond,
            resolve=queue.resolve,
            round_the_clock=tier == "high",
            escalate_before_min=queue.escalate_before_min if lead else None,
        )
        return Route(
            queue.party,
            proposed.party,
            rule.id if rule else None,
            due.respond_by,
            due.resolve_by,
            due.escalate_at,
            lead,
            self.workdays.certainty_of(received, due.respond_by, due.resolve_by),
        )

    def moment(self, moment: datetime) -> str:
        """A moment as answers write it: ISO 8601 with the offset of the table's zone, to the second."""
        return self._zoned(moment).isoformat(timespec="seconds")

    def _zoned(self, moment: datetime) -> datetime:
        aware = moment.replace(tzinfo=self.timezone) if moment.tzinfo is None else moment
        return aware.astimezone(self.timezone).replace(microsecond=0)

    def party(self, key: str | None) -> Party | None:
        """The person or queue with this id."""
        if key is None:
            return None
        return self.people[key] if key in self.people else self.queues[key].party

    @classmethod
    def load(cls, path: Path, taxonomy: Taxonomy, workdays: Workdays, *, lenient: bool = False) -> RoutingTable:
        """Read and check `routing.yaml`.

        Args:
            path: the file.
            taxonomy: the tags and categories that rules may name.
            workdays: holidays and 调休.
            lenient: for a label set that replaced the table's own: rules lose the tags that do not exist, and
                `warnings` says which, instead of a refusal.

        Raises:
            RoutingError: with every problem of the file at once.
        """
        raw, twice = read_yaml(path, RoutingError, "`paidan init DIR` makes a workspace with one")
        return cls.from_dict(raw, taxonomy, workdays, path.name, lenient=lenient, problems=twice)

    @classmethod
    def from_dict(
        cls,
        raw: object,
        taxonomy: Taxonomy,
        workdays: Workdays,
        where: str = "routing",
        *,
        lenient: bool = False,
        problems: Iterable[str] = (),
    ) -> RoutingTable:
        if not isinstance(raw, Mapping):
            raise RoutingError(where, [*problems, "expected a mapping with `tiers`, `queues`, `triage` and `rules`"])
        found = [*problems, *unknown_keys("the table", raw, _KEYS)]
        warnings: list[str] = []
        if raw.get("version", _VERSION) != _VERSION:
            found.append(f"`version` is {raw['version']!r}; this Paidan reads {_VERSION}")
        timezone = _timezone(raw.get("timezone", "Asia/Shanghai"), found)
        terms = read_terms(raw.get("tiers"), found)
        queues = {key: Queue.read(key, entry, found) for key, entry in _mapping(raw, "queues", found).items()}
        people = {
            key: Party(key, name) for part in ("people", "leads") for key, name in _mapping(raw, part, found).items()
        }
        if not queues:
            found.append("`queues` is empty; at least the triage desk is needed")
        triage = _desk(raw, "triage", queues, found)
        default = _desk(raw, "default", queues, found) if "default" in raw else triage
        found += [f"'{key}' is both a queue and a person; ids are unique" for key in sorted(set(queues) & set(people))]
        for queue in queues.values():
            if queue.escalate_to is not None and queue.escalate_to not in {*queues, *people}:
                said = f"queue '{queue.id}': `escalate_to` names '{queue.escalate_to}'"
                hint = did_you_mean(queue.escalate_to, [*people, *queues])
                if hint:
                    found.append(f"{said}{hint}, which is neither under `leads` nor `queues`")
                else:
                    # A person who has no entry is known by the id alone, as the sender's system may know them.
                    people[queue.escalate_to] = Party(queue.escalate_to, queue.escalate_to)
                    warnings.append(f"{said}, who has no name: add `leads: {{{queue.escalate_to}: …}}`")
        rules = RuleReader(taxonomy, tuple(queues), lenient, found, warnings).read_all(raw.get("rules"))
        cues = CueRules.read(raw.get("cues"), CueContext.read(raw.get("cue_context"), found), found)
        if found:
            raise RoutingError(where, found)
        return cls(timezone, terms, queues, people, triage, default, rules, cues, workdays, tuple(warnings))

    def to_raw(self) -> dict[str, Any]:
        """The table as JSON can hold it; `from_dict` with the same taxonomy and calendar reads it back equal."""
        return {
            "version": _VERSION,
            "timezone": self.timezone.key,
            "tiers": {tier: {"respond_h": t.respond_h, "resolve_h": t.resolve_h} for tier, t in self.terms.items()},
            "queues": {key: queue.to_raw() for key, queue in self.queues.items()},
            "leads": {key: person.name for key, person in self.people.items()},
            "triage": self.triage,
            "default": self.default,
            "rules": [rule.to_raw() for rule in self.rules],
            "cue_context": self.cues.context.to_raw(),
            "cues": self.cues.to_raw(),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form: the same table, however its file is laid out."""
        canonical = json.dumps(self.to_raw(), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


def _mapping(raw: Mapping[str, Any], key: str, problems: list[str]) -> dict[str, Any]:
    entries = raw.get(key) or {}
    if not isinstance(entries, Mapping):
        problems.append(f"`{key}`: expected a mapping of ids, found {entries!r}")
        return {}
    return {str(entry): value for entry, value in entries.items()}


def _timezone(written: object, problems: list[str]) -> ZoneInfo:
    try:
        return ZoneInfo(str(written))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(f"`timezone` is {written!r}, which is no zone; write one like Asia/Shanghai")
        return ZoneInfo("Asia/Shanghai")


def _desk(raw: Mapping[str, Any], key: str, queues: Mapping[str, Queue], problems: list[str]) -> str:
    desk = str(raw.get(key))
    if desk not in queues:
        problems.append(
            f"`{key}` names {raw.get(key)!r}{did_you_mean(desk, queues)}; `queues` lists {', '.join(queues) or 'none'}"
        )
    return desk

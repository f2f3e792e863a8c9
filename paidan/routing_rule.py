"""One routing rule: what a message must be for a queue to get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paidan.taxonomy import Taxonomy
from paidan.yaml_file import did_you_mean, unknown_keys

WHEN_KEYS = ("tag", "category", "kind", "tier", "scope", "channel", "decision")
_VALUES = {
    "kind": ("complaint", "inquiry", "suggestion"),
    "tier": ("high", "medium", "low"),
    "scope": ("noise", "praise", "other_language", "other_grievance"),
    "decision": ("auto", "suggest", "human"),
}


def as_fact(value: object) -> str | None:
    """A value as conditions compare it: the same whether YAML, JSON or a CSV cell said `true` or `3`."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Rule:
    """`when` pairs a key (`tag`, `kind`, `fields.region`…) with the values that satisfy it; all must hold.

    >>> rule = Rule("north", "after-sales", (("fields.region", ("华北", "东北")),))
    >>> rule.holds({"fields.region": "华北"}), rule.holds({"fields.region": "华南"}), rule.holds({})
    (True, False, False)
    """

    id: str
    queue: str
    when: tuple[tuple[str, tuple[str, ...]], ...]

    def holds(self, facts: Mapping[str, str | None]) -> bool:
        return all(facts.get(key) in values for key, values in self.when)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that it names; empty when it takes any."""
        return dict(self.when).get("tag", ())

    def shadows(self, later: Rule) -> bool:
        """Whether every message of `later` is already taken by this rule."""
        wanted = dict(later.when)
        return all(key in wanted and set(wanted[key]) <= set(values) for key, values in self.when)

    def to_raw(self) -> dict[str, Any]:
        return {"id": self.id, "when": {key: list(values) for key, values in self.when}, "queue": self.queue}


@dataclass
class RuleReader:
    """Reads the entries under `rules`, gathering `problems`; with `lenient`, unknown tags become `warnings`.

    A rule whose every tag is unknown is dropped: without its tags it would take everything.
    """

    taxonomy: Taxonomy
    queues: Sequence[str]
    lenient: bool
    problems: list[str]
    warnings: list[str]

    def read_all(self, raw: object) -> tuple[Rule, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, list):
            self.problems.append(f"`rules`: expected a list of {{id, when, queue}}, found {raw!r}")
            return ()
        ids = [str(entry["id"]) for entry in raw if isinstance(entry, Mapping) and entry.get("id")]
        for key in sorted({key for key in ids if ids.count(key) > 1}):
            self.problems.append(f"rule '{key}': the id is taken; ids are unique")
        rules = [rule for number, entry in enumerate(raw, 1) if (rule := self._read(entry, number)) is not None]
        for place, later in enumerate(rules):
            earlier = next((rule for rule in rules[:place] if rule.shadows(later)), None)
            if earlier is not None:
                self.warnings.append(
                    f"rule '{later.id}' never fires: '{earlier.id}' above it takes all it could; move it up"
                )
        return tuple(rules)

    def _read(self, entry: object, number: int) -> Rule | None:
        if not isinstance(entry, Mapping) or not entry.get("id"):
            self.problems.append(f"rule {number}: expected a mapping with `id`, `when` and `queue`, found {entry!r}")
            return None
        where = f"rule '{entry['id']}'"
        self.problems += unknown_keys(where, entry, ("id", "when", "queue"))
        queue, when = entry.get("queue"), entry.get("when")
        if queue not in self.queues:
            hint = did_you_mean(str(queue), self.queues)
            self.problems.append(
                f"{where}: unknown queue {queue!r}{hint}; `queues` lists {', '.join(self.queues) or 'none'}"
            )
        if not isinstance(when, Mapping) or not when:
            self.problems.append(
                f"{where}: `when` needs at least one of {', '.join(WHEN_KEYS)}, fields.<key>; found {when!r}"
            )
            return None
        conditions = []
        for key, written in when.items():
            conditions.append((str(key), self._values(where, str(key), written)))
        if not all(values for _, values in conditions):
            return None
        return Rule(str(entry["id"]), str(queue), tuple(conditions))

    def _values(self, where: str, key: str, written: object) -> tuple[str, ...]:
        if key not in WHEN_KEYS and not (key.startswith("fields.") and len(key) > len("fields.")):
            self.problems.append(
                f"{where}: unknown key '{key}' under `when`{did_you_mean(key, WHEN_KEYS)}; "
                f"allowed are {', '.join(WHEN_KEYS)} and fields.<key>, like fields.region"
            )
            return ()
        items = written if isinstance(written, list) else [written]
        if not items or not all(isinstance(item, str | int | float | bool) for item in items):
            self.problems.append(f"{where}: `{key}`: expected a value or a list of values, found {written!r}")
            return ()
        return tuple(value for item in items if (value := self._value(where, key, as_fact(item) or "")) is not None)

    def _value(self, where: str, key: str, written: str) -> str | None:
        if key == "tag":
            tag = self.taxonomy.find(written)
            return tag.id if tag is not None else self._unknown(where, key, written, self.taxonomy.nearest(written))
        if key == "category":
            categories = {tag.category.id: tag.category.name for tag in self.taxonomy.tags if tag.category}
            if written in categories:
                return written
            named = [category for category, name in categories.items() if name == written]
            return named[0] if named else self._unknown(where, key, written, ", ".join(categories) or None)
        allowed = _VALUES.get(key)
        if allowed is not None and written not in allowed:
            hint = did_you_mean(written, allowed)
            self.problems.append(f"{where}: unknown {key} '{written}'{hint}; allowed are {', '.join(allowed)}")
            return None
        return written

    def _unknown(self, where: str, key: str, written: str, nearest: str | None) -> str | None:
        hint = f" Did you mean '{nearest}'?" if nearest else ""
        if self.lenient:
            self.warnings.append(f"{where}: {key} '{written}' is not in the taxonomy and was left out")
        else:
            self.problems.append(f"{where}: {key} '{written}' is not in the taxonomy.{hint}")
        return None

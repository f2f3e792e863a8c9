"""What became of tags that are no more: `datasets/migrations/*.yaml`, one file an operation, in the order of their names.

Ids are never used again, so that an old ticket, an old client and an old file always mean what they meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from paidan.errors import TaxonomyError

FOLDER = "migrations"
OPERATIONS = ("rename", "retire", "add", "merge")


@dataclass(frozen=True, slots=True)
class Migration:
    """One operation on the taxonomy.

    Attributes:
        number: counts from 1 in the workspace; the file's name begins with it.
        old: ids that are no more; empty for `add` and for a change of the name alone.
        new: the id that took their place; None when none did.
        added: ids that are new.
        names: names that are no more, which files may still use as labels.
        details: why, by whom, when, records, estimated impact.
    """

    number: int
    operation: str
    old: tuple[str, ...] = ()
    new: str | None = None
    added: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        named = "-".join(self.old or self.added or ((self.new,) if self.new else ()))[:80]
        return f"{self.number:04d}-{self.operation}-{named.replace('/', '_')}.yaml"

    def to_raw(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "operation": self.operation,
            "old": list(self.old),
            "new": self.new,
            "added": list(self.added),
            "names": list(self.names),
            **dict(self.details),
        }


@dataclass(frozen=True)
class Migrations:
    """All operations of a workspace, oldest first.

    >>> moved = Migrations((Migration(1, "rename", ("续航",), "电池"), Migration(2, "merge", ("电池", "充电"), "供电")))
    >>> dict(moved.aliases)
    {'续航': '供电', '电池': '供电', '充电': '供电'}
    """

    applied: tuple[Migration, ...] = ()

    @property
    def aliases(self) -> dict[str, str]:
        """Old id or name → the id that stands for it today, through every later operation. Retired ids have none."""
        moved: dict[str, str | None] = {}
        for one in self.applied:
            gone: dict[str, str | None] = dict.fromkeys((*one.old, *one.names), one.new)
            moved = {old: gone.get(now, now) if now else None for old, now in moved.items()}
            moved.update(gone)
        return {old: now for old, now in moved.items() if now and old != now}

    @property
    def retired(self) -> tuple[str, ...]:
        """Ids that stand for nothing today."""
        known = self.aliases
        return tuple(dict.fromkeys(old for one in self.applied for old in one.old if old not in known))

    @property
    def spent(self) -> frozenset[str]:
        """Ids that are no more and must not be used again."""
        return frozenset(old for one in self.applied for old in one.old)

    @property
    def next_number(self) -> int:
        return max((one.number for one in self.applied), default=0) + 1

    @classmethod
    def read(cls, folder: Path) -> Migrations:
        """Read a folder; none when it does not exist.

        Raises:
            TaxonomyError: names every bad file.
        """
        applied, problems = [], []
        for path in sorted(folder.glob("*.yaml")):
            try:
                applied.append(_migration(yaml.safe_load(path.read_text(encoding="utf-8"))))
            except (UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
                problems.append(f"{path.name}: not a migration ({error}). Restore it: old ids are mapped by it")
        if problems:
            raise TaxonomyError(FOLDER, problems)
        return cls(tuple(sorted(applied, key=lambda one: one.number)))

    def write(self, folder: Path, new: Migration) -> Path:
        """Add one operation. Never writes over a file."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / new.file
        with path.open("x", encoding="utf-8") as file:
            yaml.safe_dump(new.to_raw(), file, allow_unicode=True, sort_keys=False, width=120)
        return path


def _migration(raw: Any) -> Migration:
    if not isinstance(raw, dict) or raw["operation"] not in OPERATIONS:
        raise ValueError(f"expected `operation`, one of {', '.join(OPERATIONS)}")
    known = ("number", "operation", "old", "new", "added", "names")
    details = {key: value for key, value in raw.items() if key not in known}
    return Migration(
        int(raw["number"]),
        raw["operation"],
        _ids(raw.get("old")),
        None if raw.get("new") is None else str(raw["new"]),
        _ids(raw.get("added")),
        _ids(raw.get("names")),
        details,
    )


def _ids(raw: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(str(one) for one in raw or ())

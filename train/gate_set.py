"""The gate's records: held out by group, never learned from, frozen by their hash, and kept in the workspace."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paidan.errors import GateError
from train.duplicates import comparable
from train.records import Record, read_records

STARTER, OWN = "starter", "own"
ENOUGH = 300
FEW_CORRECTED = 0.2


def mark_of(record: Record) -> str:
    """What a message is recognised by across trainings: a hash of its words, never the words."""
    return hashlib.sha256(comparable(record.text).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class GateSet:
    """Records in the order of the file; each one's `raw` says where it came from (`origin`)."""

    records: tuple[Record, ...] = ()

    @classmethod
    def of(cls, records: Iterable[Record], starter_files: Collection[str]) -> GateSet:
        """Records of a training that it put aside."""
        return cls(tuple(replace(r, raw={"origin": STARTER if r.file in starter_files else OWN}) for r in records))

    @classmethod
    def read(cls, path: Path, digest: str | None = None) -> GateSet:
        """Read a file that `write` made; empty when there is none.

        Args:
            digest: what it must have; None asks nothing.

        Raises:
            GateError: the file was changed after it was frozen.
        """
        if not path.is_file() or not path.stat().st_size:
            return cls()
        if digest and _sha256(path.read_bytes()) != digest:
            raise GateError(
                f"{path} was changed after it was frozen (SHA-256 differs), so it proves nothing. Restore it from a backup, or train again"
            )
        return cls(read_records([path], taxonomy=None).records)

    @property
    def text(self) -> str:
        return "".join(json.dumps(_row(record), ensure_ascii=False) + "\n" for record in self.records)

    @property
    def digest(self) -> str:
        return _sha256(self.text.encode())

    @property
    def tagged(self) -> int:
        return sum(1 for record in self.records if record.labels.get("tag"))

    def write(self, path: Path) -> str:
        """Write the file by rename; returns its digest."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".part")
        partial.write_bytes(self.text.encode())
        partial.replace(path)
        return self.digest

    def joined(self, newer: GateSet) -> tuple[GateSet, int, int]:
        """These records and newer ones; how many texts are in both, and how many of those carry another tag now.

        A label that differs takes the newer one's place only while such labels are few: a set that mostly contradicts
        the frozen one is no correction, and the frozen labels stand.
        """
        mine = {mark_of(record): record for record in self.records}
        theirs = {mark_of(record): record for record in newer.records}
        both = [mark for mark in theirs if mark in mine]
        other = [mark for mark in both if not _same(mine[mark], theirs[mark])]
        corrected = len(other) <= FEW_CORRECTED * len(both)
        merged = {**mine, **theirs} if corrected else {**theirs, **mine}
        return GateSet(tuple(merged.values())), len(both), len(other)

    def without(self, marks: Collection[str]) -> GateSet:
        return GateSet(tuple(record for record in self.records if mark_of(record) not in marks))

    @property
    def chosen(self) -> GateSet:
        """The company's own records once there are enough of them; all until then."""
        own = GateSet(tuple(record for record in self.records if record.raw.get("origin") == OWN))
        return own if own.tagged >= ENOUGH else self


def _same(one: Record, other: Record) -> bool:
    return one.labels.get("tag") == other.labels.get("tag")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _row(record: Record) -> dict[str, Any]:
    """A record in our own format, whatever the columns and cells of the file it came from looked like."""
    message = record.message
    row: dict[str, Any] = {"id": message.id, "source": message.source, "channel": message.channel}
    row["received_at"] = message.received_at.isoformat() if message.received_at else None
    row["fields"] = dict(message.fields) if message.fields else None
    for part in message.parts:
        if part.name in ("title", "text"):
            row[part.name] = part.text
        else:
            row.setdefault("turns", []).append({"role": "customer" if part.scored else "agent", "text": part.text})
    row |= {"style": record.style, "group": record.group, "origin": record.raw.get("origin")}
    row = {key: value for key, value in row.items() if value not in (None, "")}
    return {**row, **record.labels, "also": list(record.also)}

"""What a version was made of: rows by source, hashes, environment."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Collection, Iterable, Sequence
from importlib.metadata import distributions
from typing import Any

from train.examples import fingerprint
from train.records import Record

STARTER, CORRECTIONS, FILES = "starter", "corrections", "files"


def sources(
    own: Sequence[Record], lent: Sequence[Record], held_out: Sequence[Record], starter_files: Collection[str]
) -> list[dict[str, Any]]:
    """Rows and fingerprint of each source, and of what was put aside; for MLflow's datasets.

    A source is the starter set, the corrections, or one file by its name.
    """
    by_source: dict[tuple[str, str, str], list[Record]] = {}
    for context, records in (("training", own), ("lent", lent), ("gate", held_out)):
        for record in records:
            kind, name = _source(record, starter_files)
            by_source.setdefault((context, kind, name), []).append(record)
    return [
        {"name": name, "kind": kind, "context": context, "rows": len(records), "digest": fingerprint(records)}
        for (context, kind, name), records in by_source.items()
    ]


def counts(found: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Training rows by kind of source."""
    rows = dict.fromkeys((STARTER, FILES, CORRECTIONS), 0)
    for one in found:
        if one["context"] != "gate":
            rows[one["kind"]] += one["rows"]
    return rows


def environment() -> dict[str, Any]:
    """The interpreter, the machine and every installed distribution."""
    packages = {str(one.metadata["Name"]): one.version for one in distributions() if one.metadata["Name"]}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def lexicon_digest(words: Sequence[str]) -> str:
    """SHA-256 of the lexicon, line by line as it is used."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def _source(record: Record, starter_files: Collection[str]) -> tuple[str, str]:
    if record.file in starter_files:
        return STARTER, STARTER
    if record.file.startswith(CORRECTIONS):
        return CORRECTIONS, CORRECTIONS
    return FILES, record.file or "file"

"""Checked records → what a model learns from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np

from paidan.normalise import CURRENT
from paidan.reading import read
from paidan.router import IN_SCOPE
from train.labelled import Examples
from train.records import Record
from train.split import group_keys


def to_examples(records: Sequence[Record], heads: Sequence[str]) -> Examples:
    """Read each record as serving reads it and lay its labels out by head.

    The scope head is made here: a record with a tag is in scope, one without carries its own `scope`.
    A head that no record labels is left out.
    """
    labels: dict[str, tuple[str | None, ...]] = {}
    for head in heads:
        column = tuple(record.labels.get(head) for record in records)
        if any(label is not None for label in column):
            labels[head] = column
    scopes = tuple(_scope(record) for record in records)
    if any(scope not in (None, IN_SCOPE) for scope in scopes):
        labels["scope"] = scopes
    return Examples(
        texts=tuple(read(record.message, CURRENT).text for record in records),
        labels=labels,
        also=tuple(record.also for record in records),
        groups=tuple(group_keys(records)),
        styles=tuple(record.style for record in records),
        weights=np.ones(len(records)),
    )


def _scope(record: Record) -> str | None:
    if record.labels.get("tag") is not None:
        return IN_SCOPE
    return record.labels.get("scope")


def fingerprint(records: Iterable[Record]) -> str:
    """SHA-256 of what is learned from, whatever the order of the rows."""
    lines = sorted(
        json.dumps(
            [[part.text for part in record.message.parts], dict(record.labels), list(record.also), record.group],
            ensure_ascii=False,
            sort_keys=True,
        )
        for record in records
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

"""Served answers beside labels: the one way in which anything here is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from paidan.normalise import normalise
from paidan.report.metrics import Judged
from paidan.router import Router
from paidan.taxonomy import Taxonomy
from train.records import Record

SHORT, LONG = 12, 150


def judge(router: Router, records: Sequence[Record], progress: Callable[[int], None] = lambda _: None) -> list[Judged]:
    """Answer each record and keep the answer beside its labels."""
    known = set(router.bundle.taxonomy.ids)
    judged = []
    for record in records:
        answer: dict[str, Any] = router.answer([record.message])[0]
        tag = record.labels.get("tag")
        judged.append(Judged(record.labels, record.also, answer, tag is None or tag in known, slices(record)))
        progress(1)
    return judged


def known_labels(record: Record, taxonomy: Taxonomy) -> Record:
    """The record with its tags as ids of `taxonomy`; a label that is not in it stays as it was written."""

    def known(label: str) -> str:
        tag = taxonomy.find(label)
        return tag.id if tag else label

    label = record.labels.get("tag")
    labels = record.labels if label is None else {**record.labels, "tag": known(label)}
    return replace(record, labels=labels, also=tuple(known(other) for other in record.also))


def slices(record: Record) -> tuple[str, ...]:
    """The names under which a record's figures are given again."""
    text = "".join(part.text for part in record.message.scored_parts)
    length = "short" if len(text) <= SHORT else "long" if len(text) > LONG else "middle"
    names = [f"length: {length}"]
    if len(normalise(text).text) and _traditional(text):
        names.append("script: traditional")
    if record.style:
        names.append(f"style: {record.style}")
    if record.message.channel:
        names.append(f"channel: {record.message.channel}")
    if record.also:
        names.append("several issues")
    return tuple(names)


def _traditional(text: str) -> bool:
    folded = normalise(text).text
    moved = sum(1 for char in text if "\u4e00" <= char <= "\u9fff" and char not in folded)
    return moved >= 3

"""A file that labels only some heads is enough: the starter set lends the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from train.records import Record

DEFAULT_HEADS = ("tag", "urgency", "kind", "scope")


def lend(
    own: Sequence[Record], starter: Sequence[Record], heads: Sequence[str] = DEFAULT_HEADS
) -> tuple[list[Record], tuple[str, ...]]:
    """Own records, then starter records that carry only what the own ones lack.

    The starter's tags are never lent: another taxonomy's tags would answer. Its messages outside any tag teach
    the scope head what is no message for any desk.

    Returns:
        The records, and the heads that were lent.
    """
    missing = tuple(head for head in heads if head != "tag" and not any(record.labels.get(head) for record in own))
    if not missing:
        return list(own), ()
    lent = []
    for record in starter:
        outside = record.labels.get("tag") is None and record.labels.get("scope") is not None
        labels: dict[str, str | None] = {
            head: record.labels[head] for head in missing if head != "scope" and record.labels.get(head)
        }
        if outside and "scope" in missing:
            labels["scope"] = record.labels["scope"]
        if labels:
            lent.append(replace(record, labels=labels, also=()))
    return [*own, *lent], missing

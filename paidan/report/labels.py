"""Precision, recall and F1 by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from paidan.report.proportion import proportion


def per_label(truth: Sequence[str], said: Sequence[str | None]) -> dict[str, dict[str, Any]]:
    """Each label's precision, recall and F1 with support; labels that occur in neither are left out."""
    support, named = Counter(truth), Counter(label for label in said if label is not None)
    hits = Counter(t for t, s in zip(truth, said, strict=True) if t == s)
    rows = {}
    for label in sorted(set(support) | set(named)):
        total = support[label] + named[label]
        rows[label] = {
            "precision": proportion(hits[label], named[label]),
            "recall": proportion(hits[label], support[label]),
            "f1": round(2 * hits[label] / total, 6) if total else 0.0,
            "support": support[label],
        }
    return rows


def macro_f1(truth: Sequence[str], said: Sequence[str | None]) -> float:
    """Mean F1 of the labels that occur in the truth: a dead label pulls it down. 1: all right; 0: all wrong."""
    rows = per_label(truth, said)
    scores = [row["f1"] for row in rows.values() if row["support"]]
    return round(sum(scores) / len(scores), 6) if scores else 0.0


def confused_pairs(truth: Sequence[str], said: Sequence[str | None]) -> list[dict[str, Any]]:
    """Which label was taken for which, most often first."""
    pairs = Counter((t, s) for t, s in zip(truth, said, strict=True) if s is not None and t != s)
    return [{"truth": t, "said": s, "n": n} for (t, s), n in pairs.most_common()]

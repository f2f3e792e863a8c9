"""The three-way decision, as a pure function of probabilities and a policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paidan.policy import Limits, Policy

Floats = NDArray[np.float64]
AUTO, SUGGEST, HUMAN = "auto", "suggest", "human"
TIERS = ("high", "medium", "low")
CLOSE = 0.15


@dataclass(frozen=True, slots=True)
class Decision:
    """`would_be` and why; `ranked` label indices, best first; `set_size` of them are the promised set."""

    would_be: str
    reason: str
    ranked: tuple[int, ...]
    set_size: int


def decide(
    probabilities: Floats,
    labels: tuple[str, ...],
    policy: Policy,
    limits: Limits,
    mass: float,
    *,
    in_scope: float = 1.0,
    scope: str | None = None,
    unknown: float = 0.0,
) -> Decision:
    """Route unattended, suggest a set, or hand over.

    Args:
        probabilities: of the tags, shape (tags,), rounded.
        mass: probability that a candidate set must gather.
        in_scope: probability that some tag covers the message.
        scope: the likeliest kind of message outside the taxonomy.
        unknown: share of unknown words, 0 (all known) to 1 (none).

    >>> decide(np.array([0.97, 0.03]), ("退款", "物流"), Policy(0.95, 0.9), Limits(), 0.95).would_be
    'auto'
    """
    order = np.argsort(-probabilities, kind="stable")
    ranked = tuple(int(index) for index in order)
    first = float(probabilities[ranked[0]])
    size = set_size(probabilities[order], mass)
    if scope is not None and in_scope < limits.in_scope:
        return Decision(HUMAN, scope, ranked, size)
    if unknown > limits.unknown:
        return Decision(HUMAN, "unknown_words", ranked, size)
    if round(first * in_scope, 6) >= policy.bar(labels[ranked[0]]):
        return Decision(AUTO, "confident", ranked, 1)
    second = float(probabilities[ranked[1]]) if len(ranked) > 1 else 0.0
    reason = "close_call" if first - second < CLOSE and first + second > 0.5 else "low_confidence"
    if size > limits.set_most:
        return Decision(HUMAN, reason, ranked, size)
    return Decision(SUGGEST, reason, ranked, size)


def set_size(descending: Floats, mass: float) -> int:
    """How many of the best labels are needed to gather `mass`; at least 1."""
    needed = int(np.searchsorted(np.cumsum(descending), mass - 1e-9)) + 1
    return min(len(descending), needed)


def tier(probabilities: Floats, labels: tuple[str, ...], limits: Limits) -> str:
    """The urgency tier: missing a `high` costs more than a false alarm, so its bar is its own.

    >>> tier(np.array([0.35, 0.6, 0.05]), ("high", "medium", "low"), Limits(high=0.3))
    'high'
    """
    by_label = dict(zip(labels, (float(value) for value in probabilities), strict=True))
    high, medium, low = (by_label.get(name, 0.0) for name in TIERS)
    if high >= limits.high:
        return "high"
    return "low" if low >= limits.low * (low + medium) and low > 0 else "medium"

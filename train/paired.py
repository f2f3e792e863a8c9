"""Two answers to the same records: who is better, and whether that is more than chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from scipy.stats import binomtest

from paidan.report.proportion import Z, proportion


def paired(before: Sequence[bool], now: Sequence[bool]) -> dict[str, Any]:
    """Shares of right answers before and now, and their difference with a 95 % interval (Agresti and Min 2005).

    Returns:
        `before`, `now`, `delta` {value, low, high, n}, `won`, `lost`, `p` (two-sided exact McNemar test; 1: chance
        explains all of it).

    >>> paired([True, False, False], [True, True, True])["won"]
    2
    """
    won, lost = flips(before, now)
    n = len(before)
    return {
        "before": proportion(sum(before), n),
        "now": proportion(sum(now), n),
        "delta": _delta(won, lost, n),
        "won": won,
        "lost": lost,
        "p": round(float(binomtest(won, won + lost, 0.5).pvalue), 6) if won + lost else 1.0,
    }


def flips(before: Sequence[bool], now: Sequence[bool]) -> tuple[int, int]:
    """How many went from wrong to right, and from right to wrong."""
    pairs = list(zip(before, now, strict=True))
    return sum(n and not b for b, n in pairs), sum(b and not n for b, n in pairs)


def fall(before: Sequence[bool], now: Sequence[bool]) -> float:
    """The chance of a fall at least as large were both equally good (one-sided exact McNemar test); 1: no fall."""
    won, lost = flips(before, now)
    return float(binomtest(lost, won + lost, 0.5, alternative="greater").pvalue) if lost > won else 1.0


def _delta(won: int, lost: int, n: int) -> dict[str, Any]:
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    b, c, size = won + 0.5, lost + 0.5, n + 2
    centre = (b - c) / size
    spread = Z * math.sqrt(b + c - (b - c) ** 2 / size) / size
    value = (won - lost) / n
    low, high = max(-1.0, centre - spread), min(1.0, centre + spread)
    return {"value": round(value, 6), "low": round(min(low, value), 6), "high": round(max(high, value), 6), "n": n}

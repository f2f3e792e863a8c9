"""A share with its uncertainty."""

from __future__ import annotations

import math
from typing import Any

Z = 1.959963984540054


def proportion(hits: int, n: int) -> dict[str, Any]:
    """A share with its 95 % interval (Wilson 1927); `value` is None when nothing was counted.

    >>> proportion(9, 10)["low"]
    0.59585
    """
    if n == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    share = hits / n
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    spread = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    low, high = max(0.0, centre - spread), min(1.0, centre + spread)
    return {"value": round(share, 6), "low": round(min(low, share), 6), "high": round(max(high, share), 6), "n": n}

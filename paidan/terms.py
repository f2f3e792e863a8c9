"""What each tier promises: hours to a first answer, hours to a solution."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from paidan.yaml_file import unknown_keys

TIERS = ("high", "medium", "low")
_MAX_HOURS = 24 * 365


@dataclass(frozen=True, slots=True)
class Terms:
    """What a tier promises, in hours."""

    respond_h: float
    resolve_h: float


def read_terms(raw: object, problems: list[str]) -> dict[str, Terms]:
    """The `tiers` of a table: all three, and no other; what is wrong with them is added to `problems`.

    >>> problems: list[str] = []
    >>> _ = read_terms({"高": {"respond_h": 1, "resolve_h": 24}}, problems)
    >>> problems[0].split(";")[0]
    "`tiers`: unknown tier '高'"
    """
    allowed = f"{', '.join(TIERS)} are needed, each with `respond_h` and `resolve_h`, like high: {{respond_h: 1, resolve_h: 24}}"
    if not isinstance(raw, Mapping):
        problems.append(f"`tiers`: found {raw!r}; {allowed}")
        return {}
    problems += [f"`tiers`: unknown tier '{tier}'; {allowed}" for tier in raw if tier not in TIERS]
    terms = {}
    for tier in TIERS:
        entry = raw.get(tier)
        if not isinstance(entry, Mapping):
            problems.append(f"`tiers`: '{tier}' is missing; {allowed}")
            continue
        problems += unknown_keys(f"tier '{tier}'", entry, ("respond_h", "resolve_h"))
        hours = [entry.get(key) for key in ("respond_h", "resolve_h")]
        for key, value in zip(("respond_h", "resolve_h"), hours, strict=True):
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= _MAX_HOURS:
                problems.append(
                    f"tier '{tier}': `{key}` is {value!r}; hours above 0 and up to {_MAX_HOURS} are allowed"
                )
        with contextlib.suppress(TypeError, ValueError):
            terms[tier] = Terms(float(hours[0]), float(hours[1]))  # type: ignore[arg-type]
    return terms

"""What a contract asks of an answer: thresholds fitted in training, a row for each promised precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from paidan.errors import BundleError


@dataclass(frozen=True, slots=True)
class Policy:
    """One row of the bundle's table.

    Attributes:
        precision: what is promised of `auto` answers, 0 to 1.
        threshold: confidence from which an answer is `auto`; above 1 means that nothing is.
        stricter: tags that a one-sided test found worse, with their own threshold.
        n: out-of-fold answers above the threshold that the bound rests on; `bound` is its lower limit.
    """

    precision: float
    threshold: float
    stricter: Mapping[str, float] = field(default_factory=dict)
    n: int = 0
    bound: float = 0.0

    def bar(self, tag: str) -> float:
        return max(self.threshold, self.stricter.get(tag, 0.0))


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds that do not depend on the promised precision.

    Attributes:
        high: probability of `high` from which the tier is high.
        low: probability of `low`, among what is not high, from which it is low.
        in_scope: probability of being in scope below which the message is for a person.
        unknown: share of unknown words above which nothing is `auto`.
        also: probability from which a further tag is named.
        set_mass: for each promised coverage, the probability that a candidate set must gather.
        set_most: sets larger than this help nobody: a person decides without them.
    """

    high: float = 0.5
    low: float = 0.5
    in_scope: float = 0.5
    unknown: float = 0.6
    also: float = 0.2
    set_mass: Mapping[float, float] = field(default_factory=lambda: {0.95: 0.95})
    set_most: int = 8


@dataclass(frozen=True, slots=True)
class PolicyTable:
    """All that decides, as it travels in a bundle."""

    policies: tuple[Policy, ...]
    limits: Limits

    def policy(self, precision: float) -> Policy:
        """The row for a promised precision: the nearest one that promises at least as much."""
        rows = [row for row in self.policies if row.precision >= precision - 1e-9]
        if not rows:
            return Policy(precision, threshold=2.0)
        return min(rows, key=lambda row: row.precision)

    def mass(self, coverage: float) -> float:
        rows = {promised: mass for promised, mass in self.limits.set_mass.items() if promised >= coverage - 1e-9}
        return rows[min(rows)] if rows else 1.0

    def to_dict(self) -> dict[str, Any]:
        limits = self.limits
        return {
            "policies": [
                {
                    "precision": p.precision,
                    "threshold": p.threshold,
                    "stricter": dict(p.stricter),
                    "n": p.n,
                    "bound": p.bound,
                }
                for p in self.policies
            ],
            "limits": {
                "high": limits.high,
                "low": limits.low,
                "in_scope": limits.in_scope,
                "unknown": limits.unknown,
                "also": limits.also,
                "set_mass": {str(promised): mass for promised, mass in limits.set_mass.items()},
                "set_most": limits.set_most,
            },
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> PolicyTable:
        try:
            limits = dict(raw["limits"])
            limits["set_mass"] = {float(promised): mass for promised, mass in limits["set_mass"].items()}
            return cls(tuple(Policy(**row) for row in raw["policies"]), Limits(**limits))
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"policy.json is not a policy table: {error}") from None

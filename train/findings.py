"""What the data doctor has to say: findings with their level and rows, and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Args:
        level: an error makes `paidan check` exit 1, a warning should be looked at, an info only tells.
        code: stable name of the kind of finding.
        message: what was found, where, and what to do.
        rows: file and line of every row concerned.
        details: a line for each instance, when there are several.
    """

    level: Level
    code: str
    message: str
    rows: tuple[Place, ...] = ()
    details: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        rows = [{"file": file, "row": row} for file, row in self.rows]
        return {
            "level": self.level,
            "code": self.code,
            "message": self.message,
            "rows": rows,
            "details": [*self.details],
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """A claim of `claims.yaml` beside what was measured."""

    name: str
    claimed: float
    measured: float
    holds: bool


@dataclass(frozen=True)
class Report:
    """Findings, worst first, and counts by tag, style, tier, kind, channel, scope and group."""

    n: int
    rejected: int
    counts: Mapping[str, Mapping[str, int]]
    findings: tuple[Finding, ...]
    proofs: tuple[Proof, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """No error among the findings.

        >>> Report(0, 0, {}, (Finding("warning", "scarce", "'退款' has 3 messages"),)).ok
        True
        """
        return not any(finding.level == "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "n": self.n,
            "rejected": self.rejected,
            "counts": {name: dict(counts) for name, counts in self.counts.items()},
            "findings": [finding.to_dict() for finding in self.findings],
            "claims": [
                {"name": proof.name, "claimed": proof.claimed, "measured": proof.measured, "holds": proof.holds}
                for proof in self.proofs
            ],
        }


def worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level)))

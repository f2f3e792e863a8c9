"""The gate: whether a candidate may take the champion's place, and by how much it falls short when not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.stats import binomtest

from paidan.errors import GateError, SettingsError
from paidan.report.metrics import Judged
from paidan.yaml_file import read_yaml
from train.behaviour import Failure

FEW = 300


class Rules(BaseModel):
    """`gate.yaml`: what a candidate must not do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    risk: Annotated[float, Field(gt=0, lt=0.5, description="one-sided error at which a fall counts as real")] = 0.05
    protected_tags: tuple[str, ...] = ()
    max_broken_behaviours: Annotated[
        int, Field(ge=0, description="behaviour cases the champion passes and the candidate may fail")
    ] = 0
    min_accuracy: Annotated[
        float, Field(ge=0, le=1, description="share of tags right, counting `also`, below which nothing is promoted")
    ] = 0.3


def load_rules(path: Path) -> Rules:
    """Rules of the workspace; the defaults when it has no `gate.yaml`.

    Raises:
        SettingsError: every bad rule at once.
    """
    if not path.is_file():
        return Rules()
    raw, twice = read_yaml(path, SettingsError, "Copy it from a new workspace")
    try:
        rules = Rules.model_validate(raw)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, d['loc']))}: {d['msg']}" for d in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(path.name, [*twice, *problems]) from None
    if twice:
        raise SettingsError(path.name, twice)
    return rules


@dataclass(frozen=True)
class Verdict:
    """What the gate found. `refusals` are empty when the candidate may pass."""

    n: int
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.refusals

    def to_dict(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "n": self.n,
            "refusals": list(self.refusals),
            "notes": list(self.notes),
            **self.figures,
        }

    def require(self) -> None:
        if self.refusals:
            raise GateError(
                "refused:\n"
                + "\n".join(f"  - {reason}" for reason in self.refusals)
                + '\n`--force --why "…"` promotes all the same and is recorded'
            )


def judge_candidate(
    candidate: Sequence[Judged],
    champion: Sequence[Judged] | None,
    broken: Sequence[Failure],
    already_broken: Sequence[Failure],
    rules: Rules,
) -> Verdict:
    """Compare both on the same gate records, in the same order.

    Args:
        champion: None when there is no champion: only the floor and the behaviour cases are asked.
        broken: behaviour cases the candidate fails; `already_broken` those the champion fails too.
    """
    tagged = [row for row, one in enumerate(candidate) if one.in_scope]
    right = [candidate[row].accepted for row in tagged]
    refusals, notes = [], []
    figures: dict[str, Any] = {"candidate_right": sum(right), "tagged": len(tagged)}
    if tagged and sum(right) / len(tagged) < rules.min_accuracy:
        refusals.append(
            f"{sum(right)} of {len(tagged)} gate records right ({sum(right) / len(tagged):.1%}); the floor is {rules.min_accuracy:.0%}"
        )
    if len(tagged) < FEW:
        notes.append(f"only {len(tagged)} gate records with a tag: a small fall cannot be told from chance")
    if champion is not None:
        before = [champion[row].accepted for row in tagged]
        figures["champion_right"] = sum(before)
        refusals += _fall("tags", right, before, rules.risk)
        for tag in rules.protected_tags:
            mine = [i for i, row in enumerate(tagged) if candidate[row].labels["tag"] == tag]
            refusals += _fall(f"protected tag {tag}", [right[i] for i in mine], [before[i] for i in mine], rules.risk)
        refusals += _missed_high(candidate, champion, rules.risk)
    known = {failure.case.name for failure in already_broken}
    new = [failure for failure in broken if failure.case.name not in known]
    figures["broken_behaviours"] = [str(failure) for failure in new]
    if len(new) > rules.max_broken_behaviours:
        shown = "; ".join(str(failure) for failure in new[:3])
        refusals.append(
            f"{len(new)} behaviour cases broken ({rules.max_broken_behaviours} allowed): {shown}"
            + (" …" if len(new) > 3 else "")
        )
    return Verdict(len(candidate), tuple(refusals), tuple(notes), figures)


def _fall(what: str, now: Sequence[bool], before: Sequence[bool], risk: float) -> list[str]:
    """A refusal when the fall is beyond chance (one-sided exact McNemar test)."""
    lost = sum(b and not n for n, b in zip(now, before, strict=True))
    won = sum(n and not b for n, b in zip(now, before, strict=True))
    if lost <= won:
        return []
    p = binomtest(lost, lost + won, 0.5, alternative="greater").pvalue
    if p >= risk:
        return []
    return [
        f"{what}: {sum(before)} of {len(before)} right before, {sum(now)} now ({lost} lost, {won} won, p = {p:.4f} < {risk})"
    ]


def _missed_high(candidate: Sequence[Judged], champion: Sequence[Judged], risk: float) -> list[str]:
    rows = [row for row, one in enumerate(candidate) if one.labels.get("urgency") == "high"]
    now = [candidate[row].answer["urgency"]["id"] == "high" for row in rows]
    before = [champion[row].answer["urgency"]["id"] == "high" for row in rows]
    return _fall("urgent messages recognised", now, before, risk)

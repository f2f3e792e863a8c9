"""The gate: whether a candidate may take the champion's place, and by how much it falls short when not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from paidan.errors import GateError, SettingsError
from paidan.report.metrics import Judged
from paidan.yaml_file import read_yaml
from train.behaviour import Failure
from train.paired import fall, flips, paired


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

    def joined(self, refusals: Sequence[str] = (), notes: Sequence[str] = (), **figures: Any) -> Verdict:
        """This verdict with more that was found."""
        return Verdict(self.n, (*refusals, *self.refusals), (*notes, *self.notes), {**self.figures, **figures})

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

    A record whose tag one of the two does not know is left out of the comparison, never counted against either.

    Args:
        champion: None when there is no champion: only the floor is asked, and failing behaviour cases are told.
        broken: behaviour cases the candidate fails; `already_broken` those the champion fails too.
    """
    tagged = [one for one in candidate if one.in_scope]
    right = sum(one.accepted for one in tagged)
    refusals, notes = [], []
    figures: dict[str, Any] = {"candidate_right": right, "tagged": len(tagged)}
    if tagged and right / len(tagged) < rules.min_accuracy:
        refusals.append(
            f"{right} of {len(tagged)} records right ({right / len(tagged):.1%}); the floor is {rules.min_accuracy:.0%}"
        )
    if champion is not None:
        pairs = [(old, new) for old, new in zip(champion, candidate, strict=True) if new.in_scope]
        known = [(old, new) for old, new in pairs if old.known and new.known]
        before, now = [old.accepted for old, _ in known], [new.accepted for _, new in known]
        figures |= {"compared": len(known), "champion_right": sum(before), "accuracy": paired(before, now)}
        if len(known) < len(pairs):
            notes.append(f"{len(pairs) - len(known)} records carry a tag that only one of the two knows: not compared")
        refusals += _fall("tags", before, now, rules.risk)
        for tag in rules.protected_tags:
            mine = [row for row, (_, new) in enumerate(known) if new.labels["tag"] == tag]
            refusals += _fall(f"protected tag {tag}", [before[i] for i in mine], [now[i] for i in mine], rules.risk)
        refusals += _missed_high(candidate, champion, rules.risk)
    failing = {failure.case.name for failure in already_broken}
    new_failures = [failure for failure in broken if failure.case.name not in failing]
    figures["broken_behaviours"] = [str(failure) for failure in new_failures]
    shown = "; ".join(str(failure) for failure in new_failures[:3]) + (" …" if len(new_failures) > 3 else "")
    if champion is None and new_failures:
        notes.append(f"{len(new_failures)} behaviour cases fail; none is broken, for nothing answered before: {shown}")
    elif len(new_failures) > rules.max_broken_behaviours:
        refusals.append(f"{len(new_failures)} behaviour cases broken ({rules.max_broken_behaviours} allowed): {shown}")
    return Verdict(len(candidate), tuple(refusals), tuple(notes), figures)


def _fall(what: str, before: Sequence[bool], now: Sequence[bool], risk: float) -> list[str]:
    """A refusal when the fall is beyond chance."""
    p = fall(before, now)
    if p >= risk:
        return []
    won, lost = flips(before, now)
    return [
        f"{what}: {sum(before)} of {len(before)} right before, {sum(now)} now ({lost} lost, {won} won, p = {p:.4f} < {risk})"
    ]


def _missed_high(candidate: Sequence[Judged], champion: Sequence[Judged], risk: float) -> list[str]:
    rows = [row for row, one in enumerate(candidate) if one.labels.get("urgency") == "high"]
    now = [candidate[row].answer["urgency"]["id"] == "high" for row in rows]
    before = [champion[row].answer["urgency"]["id"] == "high" for row in rows]
    return _fall("urgent messages recognised", before, now, risk)

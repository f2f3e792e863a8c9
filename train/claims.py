"""What a data set promises of itself, proven at every check (`datasets/claims.yaml`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from paidan.errors import SettingsError
from train.findings import Finding, Proof
from train.survey import Survey

# Name → what is measured, over the whole set. `min_…` is a floor, `max_…` a ceiling; both may be met exactly.
MEASURES: Mapping[str, Callable[[Survey], float]] = {
    "min_per_tag": lambda survey: min((len(survey.of(tag)) for tag in survey.tags), default=0),
    "min_without_tag": lambda survey: len(survey.without_tag),
    "min_groups_per_tag": lambda survey: min((len(survey.groups(tag)) for tag in survey.tags), default=0),
    "max_group_share": lambda survey: max((survey.largest_group(tag)[1] for tag in survey.tags), default=0.0),
    "max_near_duplicate_share": lambda survey: survey.near_share,
    "max_run_share": lambda survey: survey.largest_run[1],
    "max_opening_share": lambda survey: max((survey.largest_opening(tag)[1] for tag in survey.tags), default=0.0),
}


@dataclass(frozen=True)
class Claims:
    """Bounds by name; one that is not named is not claimed."""

    bounds: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Claims:
        """Read and check a claims file.

        Raises:
            SettingsError: with every problem of the file at once.
        """
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SettingsError(str(path), [f"cannot be read ({error.strerror})"]) from None
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(str(path), [f"not readable as UTF-8 YAML: {error}"]) from None
        return cls.from_dict(raw, path.name)

    @classmethod
    def from_dict(cls, raw: object, where: str = "claims") -> Claims:
        """
        >>> Claims.from_dict({"min_per_tag": 200}).bounds
        {'min_per_tag': 200.0}
        """
        if not isinstance(raw, Mapping):
            raise SettingsError(where, [f"expected a mapping with some of {', '.join(MEASURES)}"])
        problems: list[str] = []
        bounds: dict[str, float] = {}
        for name, bound in raw.items():
            if name not in MEASURES:
                problems.append(f"unknown claim '{name}'; allowed are {', '.join(MEASURES)}")
            elif isinstance(bound, bool) or not isinstance(bound, int | float) or not bound >= 0:
                problems.append(f"`{name}` is {bound!r}; a number of 0 or more is allowed")
            elif name.startswith("max_") and bound > 1:
                problems.append(f"`{name}` is {bound}; it is a share, 0 to 1")
            else:
                bounds[name] = float(bound)
        if problems:
            raise SettingsError(where, problems)
        return cls(bounds)

    def prove(self, survey: Survey) -> tuple[list[Proof], list[Finding]]:
        """Measure every claim; one that does not hold is an error."""
        proofs = [_prove(name, bound, survey) for name, bound in self.bounds.items()]
        findings = [
            Finding(
                "error",
                "claim",
                f"claim {proof.name} {proof.claimed:g} does not hold: {proof.measured:.4g}",
                details=_where(proof, survey),
            )
            for proof in proofs
            if not proof.holds
        ]
        return proofs, findings


def _prove(name: str, bound: float, survey: Survey) -> Proof:
    measured = float(MEASURES[name](survey))
    return Proof(name, bound, measured, measured >= bound if name.startswith("min_") else measured <= bound)


def _where(proof: Proof, survey: Survey) -> tuple[str, ...]:
    """The tags that break the claim, with their figures."""
    by_tag: dict[str, Callable[[str], float]] = {
        "min_per_tag": lambda tag: len(survey.of(tag)),
        "min_groups_per_tag": lambda tag: len(survey.groups(tag)),
        "max_group_share": lambda tag: survey.largest_group(tag)[1],
        "max_opening_share": lambda tag: survey.largest_opening(tag)[1],
    }
    measure = by_tag.get(proof.name)
    if measure is None:
        return (f"'{survey.largest_run[0]}'",) if proof.name == "max_run_share" else ()
    figures = [(tag, measure(tag)) for tag in survey.tags]
    floor = proof.name.startswith("min_")
    return tuple(f"'{tag}': {n:.4g}" for tag, n in figures if (n < proof.claimed if floor else n > proof.claimed))

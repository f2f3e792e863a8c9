"""Behaviour cases (CheckList, Ribeiro et al. 2020): what a model must do whatever its averages say.

Cases are data (`datasets/behaviour.jsonl`), run here by pytest and by the gate alike:

- `minimum`: a plain sentence gets the expected tag, tier or kind;
- `invariance`: a change that means nothing (`changed`) leaves the tag and tier as they were;
- `direction`: a change that means something moves the answer as `expected` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paidan.errors import RecordsError
from paidan.message import Message
from paidan.router import Router

KINDS = ("minimum", "invariance", "direction")
EXPECTABLE = ("tag", "urgency", "kind", "decision", "reason")


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `expected` maps parts of the answer to a value or, for `tag`, to a list of acceptable ones."""

    name: str
    kind: str
    text: str
    changed: str | None
    expected: Mapping[str, Any]

    @property
    def tags(self) -> tuple[str, ...]:
        tag = self.expected.get("tag", ())
        return (tag,) if isinstance(tag, str) else tuple(tag)


@dataclass(frozen=True, slots=True)
class Failure:
    case: Case
    found: str

    def __str__(self) -> str:
        return f"{self.case.name} ({self.case.kind}): {self.found}"


def read_cases(path: Path) -> list[Case]:
    """Read and check a file of cases.

    Raises:
        RecordsError: names every bad line.
    """
    cases, problems = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            case = Case(raw["name"], raw["kind"], raw["text"], raw.get("changed"), raw.get("expected", {}))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            problems.append(f"{path.name} line {number}: {error}")
            continue
        if (
            case.kind not in KINDS
            or (case.kind == "invariance") != (not case.expected)
            or (case.kind != "minimum" and not case.changed)
        ):
            problems.append(
                f"{path.name} line {number}: a case is minimum (expected), invariance (changed) or direction (changed, expected)"
            )
        elif unknown := set(case.expected) - set(EXPECTABLE):
            problems.append(
                f"{path.name} line {number}: expected names {sorted(unknown)}; allowed are {', '.join(EXPECTABLE)}"
            )
        else:
            cases.append(case)
    if problems:
        raise RecordsError("\n".join(problems))
    return cases


def run_cases(router: Router, cases: Iterable[Case]) -> tuple[list[Failure], list[Case]]:
    """Failures, and the cases that were skipped because they name a tag that this taxonomy lacks."""
    taxonomy = router.bundle.taxonomy
    failures, skipped = [], []
    for case in cases:
        if not all(taxonomy.find(tag) for tag in case.tags):
            skipped.append(case)
            continue
        failure = _run(router, case)
        if failure:
            failures.append(failure)
    return failures, skipped


def _run(router: Router, case: Case) -> Failure | None:
    texts = [case.text] if case.changed is None else [case.text, case.changed]
    answers = [_said(answer) for answer in router.answer([Message.from_text(text) for text in texts])]
    if case.kind == "invariance":
        moved = [part for part in ("tag", "urgency") if answers[0][part] != answers[1][part]]
        if moved:
            return Failure(
                case, ", ".join(f"{part} moved from {answers[0][part]} to {answers[1][part]}" for part in moved)
            )
        return None
    for part, wanted in case.expected.items():
        allowed = wanted if isinstance(wanted, list) else [wanted]
        if part == "tag":
            found = [(tag, router.bundle.taxonomy.find(tag)) for tag in allowed]
            allowed = [now.id if now else tag for tag, now in found]
        if answers[-1][part] not in allowed:
            return Failure(case, f"{part} is {answers[-1][part]}, expected {' or '.join(map(str, allowed))}")
    return None


def _said(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tag": answer["tag"]["id"] if answer["tag"] else None,
        "urgency": answer["urgency"]["id"],
        "kind": answer["kind"]["id"] if answer["kind"] else None,
        "decision": answer["would_be"],
        "reason": answer["reason"],
    }

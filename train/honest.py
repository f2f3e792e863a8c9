"""Out-of-fold answers of a training, kept beside the version: what it said of messages that its folds never saw.

They hold no text, only a hash of it. They serve the gate while it has few records, and estimate what a change of the
taxonomy would do before it is done.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paidan.decide import tier
from paidan.report.metrics import Judged
from train.fit import Fitted
from train.gate_set import FEW_CORRECTED, mark_of
from train.labelled import Examples
from train.records import Record

BEST = 5


@dataclass(frozen=True, slots=True)
class Honest:
    """One answer.

    Attributes:
        mark: the message's hash.
        tag: what readers say; `also` further acceptable tags.
        shares: the likeliest tags and their probabilities, best first.
        urgency: what readers say; None when they do not.
        tier: what the model says, before cues.
    """

    mark: str
    tag: str | None
    also: tuple[str, ...]
    shares: tuple[tuple[str, float], ...]
    urgency: str | None
    tier: str | None

    @property
    def said(self) -> str:
        return self.shares[0][0]

    def judged(self) -> Judged:
        labels = {"tag": self.tag} | ({"urgency": self.urgency} if self.urgency and self.tier else {})
        answer = {"tag": {"id": self.said}, "urgency": {"id": self.tier}, "candidates": []}
        return Judged(labels, self.also, answer)


def honest_answers(records: Sequence[Record], examples: Examples, fitted: Fitted) -> Iterator[Honest]:
    """The out-of-fold answers to the tagged records, in order."""
    head = fitted.bundle.head("tag")
    if head is None:
        return
    shares = fitted.out_of_fold["tag"]
    urgency = fitted.bundle.head("urgency")
    tiers = fitted.out_of_fold.get("urgency")
    limits = fitted.bundle.table.limits
    for row, record in enumerate(records):
        tag = examples.labels["tag"][row]
        if tag is None:
            continue
        best = np.argsort(-shares[row], kind="stable")[:BEST]
        level = tier(tiers[row], urgency.labels, limits) if urgency is not None and tiers is not None else None
        label = examples.labels["urgency"][row] if "urgency" in examples.labels else None
        likeliest = tuple((head.labels[int(column)], round(float(shares[row][column]), 4)) for column in best)
        yield Honest(mark_of(record), tag, record.also, likeliest, label, level)


def write_honest(path: Path, answers: Iterable[Honest]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for one in answers:
            row = [one.mark, one.tag, list(one.also), [list(share) for share in one.shares], one.urgency, one.tier]
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def read_honest(path: Path) -> tuple[Honest, ...]:
    """The answers of a version; none when they were not kept here."""
    if not path.is_file():
        return ()
    return tuple(_honest(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line)


def paired_answers(candidate: Sequence[Honest], champion: Sequence[Honest]) -> tuple[list[Judged], list[Judged]]:
    """Both versions' answers to the messages that both learned from.

    The candidate's labels count while few differ from the champion's; a training that mostly contradicts the one
    before is judged by the labels of that one.
    """
    before: Mapping[str, Honest] = {one.mark: one for one in champion}
    shared = {one.mark: one for one in candidate if one.mark in before}
    other = sum(one.tag != before[mark].tag for mark, one in shared.items())
    labels = shared if other <= FEW_CORRECTED * len(shared) else before
    now = [_relabelled(one, labels[mark]).judged() for mark, one in shared.items()]
    old = [_relabelled(before[mark], labels[mark]).judged() for mark in shared]
    return now, old


def _relabelled(answer: Honest, labelled: Honest) -> Honest:
    return Honest(answer.mark, labelled.tag, labelled.also, answer.shares, labelled.urgency, answer.tier)


def _honest(row: list[Any]) -> Honest:
    mark, tag, also, shares, urgency, level = row
    return Honest(mark, tag, tuple(also), tuple((label, float(p)) for label, p in shares), urgency, level)

"""Self-training: a company's unlabelled texts teach the model their wording, labelled by what it is surest of.

Confidence is the margin between the two best tags. Each tag takes a limited number, so that a frequent one does not
drown the rest, and each text counts for less than a labelled one. Texts are labelled anew in each fold by a model that
never saw it, so that the comparison with the model that was not adapted is honest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.paired import paired

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class SelfTraining:
    """What is learned from texts without labels.

    Attributes:
        texts: as the model reads them.
        share: of the texts, the surest that may be taken. 0: none; 1: all.
        most: how many one tag takes at most.
        weight: how much one counts beside a labelled message's 1.
    """

    texts: tuple[str, ...]
    share: float = 0.3
    most: int = 100
    weight: float = 0.5

    def chosen(self, scores: Floats, readable: Bools) -> list[tuple[int, int]]:
        """Text and tag (row and column of `scores`) of what is taken, in order of the rows.

        Args:
            scores: shape (texts, tags).
            readable: whether a text is in scope and of known words.
        """
        if scores.shape[1] < 2 or not len(scores):
            return []
        two = np.partition(scores, -2, axis=1)[:, -2:]
        margins, best = two[:, 1] - two[:, 0], scores.argmax(axis=1)
        bar = np.quantile(margins, 1 - self.share)
        taken: list[tuple[int, int]] = []
        for tag in range(scores.shape[1]):
            mine = np.flatnonzero((best == tag) & readable & (margins >= bar))
            taken += [(int(row), tag) for row in mine[np.argsort(-margins[mine], kind="stable")][: self.most]]
        return sorted(taken)


@dataclass(frozen=True)
class Adaptation:
    """What self-training did, told in metrics and model card.

    Attributes:
        texts: how many were given; `taken` how many the final model learned from.
        kept: whether the adapted model is the one that was made.
        tag: right out-of-fold tags `before` and `now` on the same labelled messages. See paired.
    """

    texts: int
    taken: int
    kept: bool
    tag: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return {"texts": self.texts, "taken": self.taken, "kept": self.kept, "tag": self.tag}

    def __str__(self) -> str:
        before, now = self.tag["before"]["value"], self.tag["now"]["value"]
        verdict = "kept" if self.kept else "not kept: the labelled messages fell"
        return (
            f"self-training took {self.taken:,} of {self.texts:,} unlabelled texts; "
            f"out-of-fold tag accuracy {before:.4f} before, {now:.4f} with them ({verdict})"
        )


def compared(texts: int, taken: int, before: Sequence[bool], now: Sequence[bool]) -> Adaptation:
    """Whether the adapted model is kept: only if no fewer labelled messages are answered rightly.

    >>> compared(500, 80, [True, False], [True, True]).kept
    True
    """
    return Adaptation(texts, taken, sum(now) >= sum(before), paired(before, now))

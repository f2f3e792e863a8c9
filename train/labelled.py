"""Messages ready to learn from, with their labels by head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """Messages ready to learn from; every sequence has one entry a message.

    Attributes:
        texts: as the model reads them (normalised, starred, joined).
        labels: by head; None where a message does not carry the head's label.
        also: further acceptable tags.
        groups: messages never to be split between train and test.
        weights: how much each message counts.
    """

    texts: tuple[str, ...]
    labels: Mapping[str, tuple[str | None, ...]]
    also: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...]
    styles: tuple[str | None, ...]
    weights: Floats

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Examples:
        chosen = [int(row) for row in rows]
        return Examples(
            tuple(self.texts[row] for row in chosen),
            {head: tuple(column[row] for row in chosen) for head, column in self.labels.items()},
            tuple(self.also[row] for row in chosen),
            tuple(self.groups[row] for row in chosen),
            tuple(self.styles[row] for row in chosen),
            self.weights[chosen],
        )

    def plus(self, texts: Sequence[str], tags: Mapping[int, str], weight: float) -> Examples:
        """These and further texts, of which some have a tag that was guessed and counts for `weight`."""
        more = len(texts)
        blank = (None,) * more
        guessed = tuple(tags.get(row) for row in range(more))
        labels = {head: (*column, *(guessed if head == "tag" else blank)) for head, column in self.labels.items()}
        return Examples(
            (*self.texts, *texts),
            labels,
            (*self.also, *((),) * more),
            (*self.groups, *(f"unlabelled-{row}" for row in range(more))),
            (*self.styles, *blank),
            np.concatenate([self.weights, np.full(more, weight)]),
        )

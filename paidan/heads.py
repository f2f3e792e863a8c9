"""Heads: label columns over the same features, scored together by one matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paidan.calibration import Calibration
from paidan.features import Vector

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """One label column: its labels own the columns `start` to `start + len(labels)` of the scorer.

    Attributes:
        prior: how often each label occurred in training, shape (len(labels),); what a text without
            known words gets.
    """

    name: str
    labels: tuple[str, ...]
    start: int
    calibration: Calibration
    prior: Floats

    @property
    def columns(self) -> slice:
        return slice(self.start, self.start + len(self.labels))

    def probabilities(self, scores: Floats, vector: Vector) -> Floats:
        """Calibrated probabilities of the labels, rounded to 6 digits, shape (len(labels),)."""
        if not len(vector.columns):
            return np.round(self.prior, 6)
        return np.round(self.calibration.apply(scores[self.columns], vector), 6)


@dataclass(frozen=True)
class Scorer:
    """All heads' weights in one matrix.

    Attributes:
        weights: float32, shape (features, labels of all heads), C-contiguous.
        intercepts: shape (labels of all heads,).
    """

    weights: NDArray[np.float32]
    intercepts: Floats

    def scores(self, vector: Vector) -> Floats:
        """Scores of all labels, shape (labels,).

        Rows are added one after another in the order of their columns, never by BLAS, which re-associates:
        a message alone and the same message in a batch get the same bits.
        """
        rows = self.weights[vector.columns] * vector.values[:, None]
        total: Floats = np.add.reduce(rows, axis=0, dtype=np.float64) + self.intercepts
        return total

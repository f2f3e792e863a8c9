"""From scores to probabilities that mean what they say.

A temperature that depends on the message: scores are trusted less where the text is unlike the training
messages (unknown words, unusual length, foreign letters), more where the best label leads by far. After Guo et
al. 2017, "On Calibration of Modern Neural Networks", with the temperature made a log-linear function of what
sees a shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from paidan.features import Vector

Floats = NDArray[np.float64]
INPUTS = ("constant", "unknown", "log_length", "latin", "margin")


def shift_inputs(scores: Floats, vector: Vector) -> Floats:
    """What the temperature looks at, shape (5,), in the order of `INPUTS`."""
    return inputs(scores, vector.unknown, vector.length, vector.latin)


def inputs(scores: Floats, unknown: float, length: int, latin: float) -> Floats:
    margin = 0.0
    if len(scores) > 1:
        second, first = np.partition(scores, -2)[-2:]
        margin = min(float(first - second), 2.0)
    return np.array([1.0, unknown, math.log1p(length) / 5.0, latin, margin])


@dataclass(frozen=True)
class Calibration:
    """softmax(exp(slopes · inputs) × scores).

    >>> flat = Calibration((0.0, 0.0, 0.0, 0.0, 0.0))
    >>> flat.slopes[0]
    0.0
    """

    slopes: tuple[float, ...]

    def apply(self, scores: Floats, vector: Vector) -> Floats:
        """Probabilities of one head's labels, shape of `scores`."""
        sharpness = math.exp(float(np.dot(self.slopes, shift_inputs(scores, vector))))
        raised = np.exp((scores - scores.max()) * sharpness)
        shares: Floats = raised / np.add.reduce(raised)
        return shares

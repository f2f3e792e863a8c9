"""From scores to probabilities that mean what they say.

A temperature that depends on the message: scores are trusted less where the text is unlike the training
messages (unknown words, unusual length, foreign letters), differently where the best label leads by far or
fits poorly itself. After Guo et
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
# Bounds of the sharpness, as a logarithm: beyond them a text is unlike anything the slopes were fitted on.
LIMIT = 5.0
INPUTS = ("constant", "unknown", "log_length", "latin", "margin", "best")


def shift_inputs(scores: Floats, vector: Vector) -> Floats:
    """What the temperature looks at, shape (6,), in the order of `INPUTS`."""
    return inputs(scores, vector.unknown, vector.length, vector.latin)


def inputs(scores: Floats, unknown: float, length: int, latin: float) -> Floats:
    first, margin = float(scores[0]), 0.0
    if len(scores) > 1:
        second, first = (float(score) for score in np.partition(scores, -2)[-2:])
        margin = min(first - second, 2.0)
    return np.array([1.0, unknown, math.log1p(length) / 5.0, latin, margin, first])


@dataclass(frozen=True)
class Calibration:
    """softmax(exp(slopes · inputs) × scores).

    >>> flat = Calibration((0.0,) * len(INPUTS))
    >>> len(flat.slopes)
    6
    """

    slopes: tuple[float, ...]

    def apply(self, scores: Floats, vector: Vector) -> Floats:
        """Probabilities of one head's labels, shape of `scores`."""
        slope = float(np.dot(self.slopes, shift_inputs(scores, vector)))
        sharpness = math.exp(min(max(slope, -LIMIT), LIMIT))
        raised = np.exp((scores - scores.max()) * sharpness)
        shares: Floats = raised / np.add.reduce(raised)
        return shares

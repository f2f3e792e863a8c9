"""Fitting the temperature of a head on answers to messages of hands and styles it never saw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from paidan.calibration import INPUTS, Calibration, inputs
from paidan.features import Vector

Floats = NDArray[np.float64]
RIDGE = 2.0


def fit_calibration(scores: Floats, truth: NDArray[np.int64], vectors: list[Vector]) -> Calibration:
    """Minimise the negative log-likelihood of the right labels over the slopes of the temperature.

    Args:
        scores: out-of-fold scores, shape (messages, labels).
        truth: the right column of each message, shape (messages,).
    """
    seen = np.array([inputs(row, v.unknown, v.length, v.latin) for row, v in zip(scores, vectors, strict=True)])
    rows = np.arange(len(truth))

    def loss(slopes: Floats) -> tuple[float, Floats]:
        sharpness = np.exp(np.clip(seen @ slopes, -5, 5))[:, None]
        logits = scores * sharpness
        logits = logits - logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        likelihood = -np.log(np.maximum(shares[rows, truth], 1e-12)).sum()
        expected = (shares * scores).sum(axis=1)
        slope = ((expected - scores[rows, truth]) * sharpness[:, 0])[:, None] * seen
        penalty = RIDGE * float(slopes[1:] @ slopes[1:])
        gradient = slope.sum(axis=0) + 2 * RIDGE * np.concatenate([[0.0], slopes[1:]])
        return float(likelihood + penalty), gradient

    start = np.zeros(len(INPUTS))
    start[0] = 1.0
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-4, 4)] * len(INPUTS))
    return Calibration(tuple(round(float(slope), 9) for slope in found.x))


def apply(calibration: Calibration, scores: Floats, vectors: list[Vector]) -> Floats:
    """Rounded probabilities, shape (messages, labels), as serving gives them."""
    return np.array([np.round(calibration.apply(row, v), 6) for row, v in zip(scores, vectors, strict=True)])

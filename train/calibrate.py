"""Fitting the temperature of a head on answers to messages of hands and styles it never saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from paidan.calibration import INPUTS, LIMIT, Calibration, inputs
from paidan.features import Vector

Floats = NDArray[np.float64]
RIDGE = 2.0


def fit_calibration(
    scores: Floats, truth: NDArray[np.int64], vectors: Sequence[Vector], weights: Floats | None = None
) -> Calibration:
    """Minimise the negative log-likelihood of the right labels over the slopes of the temperature.

    Args:
        scores: out-of-fold scores, shape (messages, labels).
        truth: the right column of each message, shape (messages,).
        weights: how much each message counts, shape (messages,); None for all alike.
    """
    seen = _seen(scores, vectors)
    rows = np.arange(len(truth))
    counts = np.ones(len(truth)) if weights is None else weights

    def loss(slopes: Floats) -> tuple[float, Floats]:
        sharpness = np.exp(np.clip(seen @ slopes, -LIMIT, LIMIT))[:, None]
        logits = scores * sharpness
        logits = logits - logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        likelihood = -(counts * np.log(np.maximum(shares[rows, truth], 1e-12))).sum()
        expected = (shares * scores).sum(axis=1)
        slope = ((expected - scores[rows, truth]) * sharpness[:, 0] * counts)[:, None] * seen
        penalty = RIDGE * float(slopes[1:] @ slopes[1:])
        gradient = slope.sum(axis=0) + 2 * RIDGE * np.concatenate([[0.0], slopes[1:]])
        return float(likelihood + penalty), gradient

    start = np.zeros(len(INPUTS))
    start[0] = 1.0
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-4, 4)] * len(INPUTS))
    return Calibration(tuple(round(float(slope), 9) for slope in found.x))


def apply(calibration: Calibration, scores: Floats, vectors: Sequence[Vector]) -> Floats:
    """Rounded probabilities, shape (messages, labels), as serving gives them."""
    sharpness = np.exp(np.clip(_seen(scores, vectors) @ np.array(calibration.slopes), -LIMIT, LIMIT))[:, None]
    raised = np.exp((scores - scores.max(axis=1, keepdims=True)) * sharpness)
    shares: Floats = np.round(raised / raised.sum(axis=1, keepdims=True), 6)
    return shares


def _seen(scores: Floats, vectors: Sequence[Vector]) -> Floats:
    """The temperature's inputs of every message, shape (messages, inputs)."""
    return np.array([inputs(row, v.unknown, v.length, v.latin) for row, v in zip(scores, vectors, strict=True)])

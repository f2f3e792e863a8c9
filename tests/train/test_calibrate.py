"""Fitting the temperature: shares that come true as often as they say, less sure of what is unlike the training."""

from __future__ import annotations

import numpy as np
import pytest

from paidan.calibration import INPUTS
from paidan.features import Vector
from paidan.report.calibration_error import calibration
from train.calibrate import apply, fit_calibration

LABELS = 6


def sample(n: int, sharpness: float, drift: float, seed: int) -> tuple[np.ndarray, np.ndarray, list[Vector]]:
    """Scores whose labels are drawn by a softmax that is flatter the more of the words are unknown."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 1, (n, LABELS))
    unknown = rng.uniform(0, 1, n)
    logits = scores * np.exp(sharpness - drift * unknown)[:, None]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(LABELS, p=row) for row in shares])
    vectors = [Vector(np.array([1]), np.array([1.0]), float(share), 20, 0.0) for share in unknown]
    return scores, truth, vectors


@pytest.mark.parametrize("sharpness", [0.0, 1.0, 1.5])
def test_shares_come_true_on_messages_that_were_not_fitted(sharpness: float) -> None:
    scores, truth, vectors = sample(3000, sharpness, 1.0, seed=1)
    fitted = fit_calibration(scores[:2000], truth[:2000], vectors[:2000])
    shares = apply(fitted, scores[2000:], vectors[2000:])
    assert shares.shape == (1000, LABELS)
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-5)
    right = shares.argmax(axis=1) == truth[2000:]
    assert calibration(shares.max(axis=1), right)["ece_excess"] < 0.03


def test_a_drift_with_unknown_words_is_learned() -> None:
    drifting = fit_calibration(*sample(2000, 1.0, 1.5, seed=2))
    steady = fit_calibration(*sample(2000, 1.0, 0.0, seed=2))
    at = INPUTS.index("unknown")
    assert drifting.slopes[at] < -0.7
    assert abs(steady.slopes[at]) < 0.3


def test_the_same_answers_give_the_same_slopes() -> None:
    assert fit_calibration(*sample(300, 1.0, 1.0, seed=3)) == fit_calibration(*sample(300, 1.0, 1.0, seed=3))


def test_shares_carry_six_digits() -> None:
    scores, truth, vectors = sample(200, 1.0, 0.0, seed=4)
    shares = apply(fit_calibration(scores, truth, vectors), scores, vectors)
    assert np.array_equal(shares, np.round(shares, 6))


def test_a_message_that_counts_thrice_is_three_messages() -> None:
    scores, truth, vectors = sample(400, 1.0, 1.0, seed=5)
    weights = np.where(np.arange(400) < 100, 3.0, 1.0)
    thrice = [*range(400), *range(100), *range(100)]
    repeated = fit_calibration(scores[thrice], truth[thrice], [vectors[row] for row in thrice])
    assert fit_calibration(scores, truth, vectors, weights).slopes == pytest.approx(repeated.slopes, abs=1e-3)

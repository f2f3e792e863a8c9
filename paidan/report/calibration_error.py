"""Expected calibration error, and what of it is only the sample's size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
RESAMPLES = 500
SEED = 20261122


def expected_calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """ECE over 15 equal bins (Naeini et al. 2015). 0: as often right as said; 1: always the opposite."""
    if not len(confidence):
        return 0.0
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> dict[str, Any]:
    """`ece`, `ece_floor` (what perfectly calibrated answers of the same confidence would show) and their difference."""
    rng = np.random.default_rng(SEED)
    ece = expected_calibration_error(confidence, right)
    drawn = [expected_calibration_error(confidence, rng.random(len(confidence)) < confidence) for _ in range(RESAMPLES)]
    floor = float(np.mean(drawn)) if len(confidence) else 0.0
    return {
        "ece": round(ece, 6),
        "ece_floor": round(floor, 6),
        "ece_excess": round(ece - floor, 6),
        "bins": _bins(confidence, right),
    }


def _bins(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    rows = []
    for number in range(BINS):
        mine = bins == number
        if mine.any():
            rows.append(
                {
                    "said": round(float(confidence[mine].mean()), 4),
                    "right": round(float(right[mine].mean()), 4),
                    "n": int(mine.sum()),
                }
            )
    return rows

"""One linear classifier a head: scikit-learn fits it, serving only adds up its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

# Scores differ by less than 0.001 from those of a tolerance ten times finer, at half the time.
TOLERANCE = 1e-3
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Penalty:
    """How a head is fitted: `c` is the inverse strength of the penalty; `balanced` weighs rare labels up."""

    c: float = 0.7
    balanced: bool = False


@dataclass(frozen=True)
class Weights:
    """A fitted head: labels, coefficients (labels, features), intercepts (labels,)."""

    labels: tuple[str, ...]
    coefficients: Floats
    intercepts: Floats

    def scores(self, rows: csr_matrix) -> Floats:
        """Scores, shape (rows, labels)."""
        scores: Floats = np.asarray(rows @ self.coefficients.T) + self.intercepts
        return scores


def fit_head(
    rows: csr_matrix,
    labels: Sequence[str],
    penalty: Penalty,
    weights: Floats | None = None,
    seed: int = 0,
) -> Weights:
    """One-vs-rest linear SVM. A head with a single label always answers it.

    Args:
        weights: how much each row counts, shape (rows,); None for all alike.
    """
    known = sorted(set(labels))
    if len(known) < 2:
        return Weights(tuple(known), np.zeros((1, rows.shape[1])), np.zeros(1))
    model = LinearSVC(
        C=penalty.c,
        class_weight="balanced" if penalty.balanced else None,
        random_state=seed,
        max_iter=3000,
        tol=TOLERANCE,
    )
    model.fit(rows, np.asarray(labels, dtype=object), sample_weight=weights)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(known) == 2:
        coefficients = np.vstack([-coefficients, coefficients])
        intercepts = np.concatenate([-intercepts, intercepts])
    return Weights(tuple(str(label) for label in model.classes_), coefficients, intercepts)


def aligned(scores: Floats, labels: tuple[str, ...], wanted: Mapping[str, int]) -> Floats:
    """Scores brought into the columns of `wanted`; a label that a fold lacked scores far below all others."""
    out = np.full((scores.shape[0], len(wanted)), -3.0)
    for column, label in enumerate(labels):
        out[:, wanted[label]] = scores[:, column]
    return out

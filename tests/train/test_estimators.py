"""One linear classifier a head, whatever labels it has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from train.estimators import Penalty, aligned, fit_head

ROWS = csr_matrix(np.array([[1.0, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0.1, 0.9, 0], [0, 0, 1], [0, 0.1, 0.9]]))


@pytest.mark.parametrize("labels", [["甲", "甲", "乙", "乙", "丙", "丙"], ["乙", "乙", "甲", "甲", "甲", "甲"]])
def test_the_best_score_is_the_label_that_was_learned(labels: list[str]) -> None:
    weights = fit_head(ROWS, labels, Penalty(10))
    assert weights.labels == tuple(sorted(set(labels)))
    assert weights.coefficients.shape == (len(weights.labels), 3)
    assert [weights.labels[best] for best in weights.scores(ROWS).argmax(axis=1)] == labels


def test_two_labels_score_as_opposites() -> None:
    scores = fit_head(ROWS, ["乙", "乙", "甲", "甲", "甲", "甲"], Penalty()).scores(ROWS)
    assert scores[:, 0] == pytest.approx(-scores[:, 1])


def test_a_single_label_is_always_the_answer() -> None:
    weights = fit_head(ROWS, ["甲"] * 6, Penalty())
    assert weights.labels == ("甲",)
    assert weights.scores(ROWS).tolist() == [[0.0]] * 6


def test_a_heavier_row_counts_for_more() -> None:
    labels, same = ["甲", "乙"], csr_matrix(np.array([[1.0], [1.0]]))
    heavy = fit_head(same, labels, Penalty(1), weights=np.array([10.0, 1.0])).scores(same)
    assert heavy[0].argmax() == fit_head(same, labels, Penalty(1)).labels.index("甲")


def test_the_same_rows_give_the_same_weights() -> None:
    labels = ["甲", "甲", "乙", "乙", "丙", "丙"]
    first, second = (fit_head(ROWS, labels, Penalty(), seed=7) for _ in range(2))
    assert np.array_equal(first.coefficients, second.coefficients)


def test_scores_are_brought_into_the_wanted_columns_and_a_missing_label_far_below() -> None:
    out = aligned(np.array([[0.5, -0.5]]), ("丙", "甲"), {"甲": 0, "乙": 1, "丙": 2})
    assert out.tolist() == [[-0.5, -3.0, 0.5]]

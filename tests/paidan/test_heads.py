"""Heads and their scorer: probabilities in the order of the labels, the same bits alone and in a batch."""

from __future__ import annotations

import numpy as np
import pytest

from paidan.calibration import INPUTS, Calibration
from paidan.features import Vector
from paidan.heads import Head, Scorer

PLAIN = Calibration((0.0,) * len(INPUTS))


def vector(*columns: int, unknown: float = 0.0) -> Vector:
    return Vector(np.array(columns, np.int64), np.linspace(0.1, 0.9, len(columns)), unknown, 10, 0.0)


def test_scores_are_the_rows_weighted_and_added_up() -> None:
    scorer = Scorer(np.array([[1, 2], [3, 4], [5, 6]], np.float32), np.array([0.5, -0.5]))
    found = scorer.scores(Vector(np.array([0, 2]), np.array([2.0, 1.0]), 0.0, 1, 0.0))
    assert found.tolist() == [1 * 2 + 5 + 0.5, 2 * 2 + 6 - 0.5]


def test_a_head_reads_its_own_columns_of_the_scores() -> None:
    head = Head("kind", ("complaint", "inquiry"), 3, PLAIN, np.array([0.5, 0.5]))
    shares = head.probabilities(np.array([9.0, 9, 9, 0, np.log(3.0), 9]), vector(1))
    assert shares.tolist() == [0.25, 0.75]


def test_a_text_without_known_words_gets_the_prior() -> None:
    head = Head("kind", ("complaint", "inquiry"), 0, PLAIN, np.array([0.9, 0.1]))
    assert head.probabilities(np.array([0.0, 99.0]), vector()).tolist() == [0.9, 0.1]


def test_probabilities_carry_six_digits() -> None:
    head = Head("kind", ("a", "b", "c"), 0, PLAIN, np.ones(3) / 3)
    assert head.probabilities(np.zeros(3), vector(1)).tolist() == pytest.approx([0.333333] * 3, abs=0)

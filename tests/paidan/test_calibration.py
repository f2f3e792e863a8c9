"""Calibration: a temperature that sees how far a text is from the training messages."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.calibration import INPUTS, Calibration, inputs, shift_inputs
from paidan.features import Vector


def seen(unknown: float = 0.0, length: int = 20, latin: float = 0.0) -> Vector:
    return Vector(np.array([1]), np.array([1.0]), unknown, length, latin)


def test_without_slopes_it_is_the_softmax() -> None:
    shares = Calibration((0.0,) * len(INPUTS)).apply(np.array([math.log(1), math.log(2), math.log(5)]), seen())
    assert shares == pytest.approx([1 / 8, 2 / 8, 5 / 8])


def test_inputs_are_named_in_their_order() -> None:
    found = dict(zip(INPUTS, shift_inputs(np.array([0.2, 1.0, -1]), seen(0.25, 19, 0.1)), strict=True))
    assert found == pytest.approx(
        {"constant": 1, "unknown": 0.25, "log_length": math.log(20) / 5, "latin": 0.1, "margin": 0.8, "best": 1.0}
    )


def test_the_margin_is_capped_and_nought_for_a_single_label() -> None:
    assert inputs(np.array([9.0, 0.0]), 0, 1, 0)[4] == 2
    assert inputs(np.array([9.0]), 0, 1, 0)[4] == 0


def test_a_slope_below_nought_on_unknown_words_makes_less_sure() -> None:
    calibration = Calibration((1.0, -1.0, 0.0, 0.0, 0.0, 0.0))
    scores = np.array([0.0, 1.0])
    assert calibration.apply(scores, seen(0.9))[1] < calibration.apply(scores, seen(0.1))[1]


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=60), st.lists(st.floats(-4, 4), min_size=6, max_size=6))
@settings(deadline=None, max_examples=200)
def test_shares_add_up_to_one_and_keep_the_order_of_the_scores(scores: list[float], slopes: list[float]) -> None:
    shares = Calibration(tuple(slopes)).apply(np.array(scores), seen(0.5))
    assert shares.sum() == pytest.approx(1)
    ranked = shares[np.argsort(scores, kind="stable")]
    assert (np.diff(ranked) >= 0).all()

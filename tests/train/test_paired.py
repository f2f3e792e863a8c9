"""Paired comparisons: who is better on the same rows, and by how much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.paired import fall, flips, paired

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


@given(PAIRS)
def test_the_difference_lies_in_its_interval(pairs: list[tuple[bool, bool]]) -> None:
    found = paired([before for before, _ in pairs], [now for _, now in pairs])
    delta = found["delta"]
    if not pairs:
        assert delta == {"value": None, "low": None, "high": None, "n": 0}
        return
    assert -1 <= delta["low"] <= delta["value"] <= delta["high"] <= 1
    assert delta["value"] == pytest.approx((found["won"] - found["lost"]) / len(pairs), abs=1e-6)


@given(PAIRS)
def test_what_is_won_one_way_is_lost_the_other(pairs: list[tuple[bool, bool]]) -> None:
    before, now = [one for one, _ in pairs], [one for _, one in pairs]
    assert flips(before, now) == flips(now, before)[::-1]
    assert paired(before, now)["p"] == paired(now, before)["p"]


def test_the_published_interval_of_agresti_and_min() -> None:
    # Agresti and Min 2005, approval of a prime minister: 1600 asked twice, 86 lost and 150 won; +0.5 a cell.
    before = [True] * 86 + [False] * 150 + [True] * 794 + [False] * 570
    now = [False] * 86 + [True] * 150 + [True] * 794 + [False] * 570
    delta = paired(before, now)["delta"]
    assert (delta["low"], delta["high"]) == (pytest.approx(0.021, abs=1e-3), pytest.approx(0.059, abs=1e-3))


def test_a_fall_is_judged_one_sidedly() -> None:
    assert fall([True] * 10, [True] * 10) == 1.0
    assert fall([False] * 5, [True] * 5) == 1.0
    assert fall([True] * 5, [False] * 5) == pytest.approx(1 / 32)

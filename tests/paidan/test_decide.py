"""The decision as a pure function: no model is needed to know what it does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.decide import AUTO, HUMAN, SUGGEST, Decision, decide, set_size, tier
from paidan.policy import Limits, Policy

LABELS = ("退款", "物流", "发票", "质量")
POLICY = Policy(0.95, 0.8, {"物流": 0.9})
LIMITS = Limits(in_scope=0.5, unknown=0.6, set_most=3)


def said(
    *shares: float, mass: float = 0.95, in_scope: float = 1.0, scope: str | None = None, unknown: float = 0.0
) -> Decision:
    return decide(
        np.array(shares), LABELS[: len(shares)], POLICY, LIMITS, mass, in_scope=in_scope, scope=scope, unknown=unknown
    )


def test_a_threshold_exactly_met_is_auto_and_a_hair_below_is_not() -> None:
    assert said(0.8, 0.1, 0.1).would_be == AUTO
    assert said(0.799999, 0.1, 0.100001).would_be == SUGGEST


def test_a_stricter_tag_has_a_bar_of_its_own() -> None:
    assert said(0.1, 0.85, 0.05).would_be == SUGGEST
    assert said(0.1, 0.9, 0.0).would_be == AUTO


def test_auto_is_confident_and_promises_one() -> None:
    assert said(0.9, 0.1) == Decision(AUTO, "confident", (0, 1), 1)


def test_confidence_is_the_share_times_the_probability_of_being_in_scope() -> None:
    assert said(0.9, 0.1, in_scope=0.9, scope="noise").would_be == AUTO
    assert said(0.9, 0.1, in_scope=0.88, scope="noise").would_be == SUGGEST


@pytest.mark.parametrize(("in_scope", "reason"), [(0.5, "confident"), (0.499999, "praise")])
def test_below_the_scope_bar_a_person_decides_for_the_reason_of_the_scope(in_scope: float, reason: str) -> None:
    found = decide(np.array([1.0, 0.0]), LABELS[:2], Policy(0.95, 0.4), LIMITS, 0.95, in_scope=in_scope, scope="praise")
    assert found.reason == reason


def test_without_a_scope_head_nothing_is_out_of_scope() -> None:
    assert said(0.9, 0.1, in_scope=0.0, scope=None).reason != "noise"
    assert said(0.9, 0.1, scope=None).would_be == AUTO


def test_too_many_unknown_words_are_for_a_person() -> None:
    assert said(0.99, 0.01, unknown=0.6).would_be == AUTO
    assert said(0.99, 0.01, unknown=0.600001) == Decision(HUMAN, "unknown_words", (0, 1), 1)


def test_a_close_call_is_told_from_low_confidence() -> None:
    assert said(0.45, 0.40, 0.15).reason == "close_call"
    assert said(0.60, 0.40).reason == "low_confidence"
    assert said(0.25, 0.25, 0.25, 0.25, mass=0.7).reason == "low_confidence"


def test_a_set_too_large_to_help_goes_to_a_person_with_its_reason() -> None:
    assert said(0.25, 0.25, 0.25, 0.25) == Decision(HUMAN, "low_confidence", (0, 1, 2, 3), 4)
    assert said(0.4, 0.35, 0.2, 0.05, mass=0.95) == Decision(SUGGEST, "close_call", (0, 1, 2, 3), 3)


@pytest.mark.parametrize(
    ("shares", "mass", "size"),
    [((0.5, 0.3, 0.2), 0.5, 1), ((0.5, 0.3, 0.2), 0.500001, 2), ((0.5, 0.3, 0.2), 1.0, 3), ((0.3, 0.3), 0.9, 2)],
)
def test_a_set_stops_at_the_label_that_gathers_the_mass(shares: tuple[float, ...], mass: float, size: int) -> None:
    assert set_size(np.array(shares), mass) == size


def test_equal_shares_are_ranked_in_the_order_of_the_labels() -> None:
    assert said(0.1, 0.3, 0.3, 0.3, mass=0.8).ranked == (1, 2, 3, 0)


SHARES = st.lists(st.floats(0.001, 1), min_size=2, max_size=12).map(lambda raw: np.round(np.array(raw) / sum(raw), 6))


@given(SHARES, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1))
@settings(deadline=None, max_examples=300)
def test_what_is_auto_meets_every_bar(shares: np.ndarray, in_scope: float, unknown: float, mass: float) -> None:
    labels = tuple(f"t{number}" for number in range(len(shares)))
    found = decide(shares, labels, POLICY, LIMITS, mass, in_scope=in_scope, scope="noise", unknown=unknown)
    assert sorted(found.ranked) == list(range(len(shares)))
    assert 1 <= found.set_size <= len(shares)
    best = float(shares.max())
    bars = in_scope >= LIMITS.in_scope and unknown <= LIMITS.unknown and round(best * in_scope, 6) >= POLICY.threshold
    assert (found.would_be == AUTO) == bars
    if found.would_be == SUGGEST:
        assert found.set_size <= LIMITS.set_most


@pytest.mark.parametrize(
    ("shares", "level"),
    [
        ((0.3, 0.7, 0.0), "high"),
        ((0.299999, 0.700001, 0.0), "medium"),
        ((0.0, 0.5, 0.5), "low"),
        ((0.0, 0.500001, 0.499999), "medium"),
        ((0.29, 0.31, 0.40), "low"),
        ((0.0, 1.0, 0.0), "medium"),
    ],
)
def test_a_tier_has_a_bar_of_its_own_for_high_and_one_among_the_rest(shares: tuple[float, ...], level: str) -> None:
    assert tier(np.array(shares), ("high", "medium", "low"), Limits(high=0.3, low=0.5)) == level


def test_a_tier_is_read_by_label_and_may_lack_some() -> None:
    assert tier(np.array([0.9, 0.1]), ("low", "high"), Limits(high=0.3)) == "low"
    assert tier(np.array([1.0]), ("medium",), Limits()) == "medium"

"""What decides, fitted: bounds that hold on traffic that was not seen, bars by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.policy import Policy
from train import thresholds
from train.thresholds import CONTRACTS, COVERAGES, FEWEST, OutOfFold, fit_policy, fit_table, lower_bound


def stream(n: int, seed: int, quality: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Confidences and whether they were right; the precision above a bar rises with the bar."""
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.uniform(0, 1, n), 6)
    return confidence, rng.random(n) < 1 - (1 - confidence) * quality


def test_the_bound_is_clopper_and_pearsons() -> None:
    # All of n right: the bound is risk ** (1 / n).
    assert lower_bound(59, 59) == pytest.approx(0.05 ** (1 / 59))
    assert lower_bound(58, 59) < lower_bound(59, 59)
    assert lower_bound(0, 10) == 0.0
    assert lower_bound(10**6, 10**6) < 1
    assert lower_bound(90, 100, risk=0.01) < lower_bound(90, 100, risk=0.05)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(deadline=None, max_examples=200)
def test_the_bound_lies_below_the_share(counts: tuple[int, int]) -> None:
    right, n = counts
    assert 0 <= lower_bound(right, n) <= right / n


def test_a_policy_is_the_lowest_bar_whose_bound_meets_the_contract() -> None:
    confidence, right = stream(4000, seed=1)
    policy = fit_policy(confidence, right, ["退款"] * 4000, 0.9)
    above = confidence >= policy.threshold
    assert policy.n == above.sum()
    assert policy.bound >= 0.9
    assert right[above].mean() > policy.bound
    # Twice as many answers above a bar would not have met it.
    more = np.sort(confidence)[::-1][2 * policy.n]
    assert lower_bound(int(right[confidence >= more].sum()), int((confidence >= more).sum())) < 0.9


def test_a_stricter_contract_never_has_a_lower_bar() -> None:
    confidence, right = stream(4000, seed=2)
    bars = [fit_policy(confidence, right, ["退款"] * 4000, precision).threshold for precision in CONTRACTS]
    assert bars == sorted(bars)


def test_too_few_answers_prove_nothing() -> None:
    n = FEWEST - 1
    assert fit_policy(np.ones(n), np.ones(n, bool), ["退款"] * n, 0.5) == Policy(0.5, threshold=2.0)
    assert fit_policy(np.empty(0), np.empty(0, bool), [], 0.5).threshold == 2.0


def test_answers_that_are_equally_sure_are_counted_together() -> None:
    # The first 200 of 1,000 equally sure answers are right by the order of the file alone.
    right = np.arange(1000) < 200
    assert fit_policy(np.full(1000, 0.9), right, ["退款"] * 1000, 0.9).threshold == 2.0
    policy = fit_policy(np.full(1000, 0.9), np.ones(1000, bool), ["退款"] * 1000, 0.9)
    assert (policy.threshold, policy.n) == (0.9, 1000)


def test_bad_answers_are_never_auto() -> None:
    confidence, _ = stream(2000, seed=3)
    assert fit_policy(confidence, np.arange(2000) % 2 == 0, ["退款"] * 2000, 0.9).threshold == 2.0


@pytest.mark.parametrize("precision", [0.9, 0.95])
def test_the_promise_is_broken_in_at_most_one_training_of_twenty(precision: float) -> None:
    # P(right | confidence c) = c, so above a bar b the true precision is (1 + b) / 2.
    broken = 0
    trainings = 200
    for seed in range(trainings):
        confidence, right = stream(1500, seed)
        threshold = fit_policy(confidence, right, ["退款"] * 1500, precision).threshold
        broken += (1 + threshold) / 2 < precision
    assert broken / trainings <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / trainings)


def test_a_tag_below_the_contract_gets_a_bar_of_its_own() -> None:
    confidence, right = stream(6000, seed=4, quality=0.3)
    tags = np.where(np.arange(6000) % 10 == 0, "坏", "好")
    right = right & ~((tags == "坏") & (np.arange(6000) % 30 == 0))
    policy = fit_policy(confidence, right, list(tags), 0.9)
    assert policy.threshold < 1
    assert set(policy.stricter) == {"坏"}
    assert policy.stricter["坏"] > policy.threshold


def answers(n: int = 3000, seed: int = 0, outside: float = 0.1) -> OutOfFold:
    rng = np.random.default_rng(seed)
    labels = tuple(f"t{number}" for number in range(8))
    truth = rng.integers(0, 8, n)
    logits = rng.normal(0, 1, (n, 8))
    logits[np.arange(n), truth] += 3
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    accepted = np.zeros((n, 8), bool)
    accepted[np.arange(n), truth] = True
    inside = rng.random(n) >= outside
    accepted[~inside] = False
    in_scope = np.where(inside, rng.beta(12, 1, n), rng.beta(1, 6, n))
    tiers = np.array(["high", "medium", "low"], dtype=object)[rng.choice(3, n, p=[0.2, 0.6, 0.2])]
    urgency = rng.dirichlet((1, 1, 1), n) * 0.4
    urgency[np.arange(n), [("high", "medium", "low").index(tier) for tier in tiers]] += 0.6
    return OutOfFold(
        labels=labels,
        tags=np.round(shares, 6),
        truth=np.where(inside, truth, -1),
        accepted=accepted,
        unknown=rng.uniform(0, 0.5, n),
        in_scope=np.round(in_scope, 6).astype(np.float64),
        is_in_scope=inside,
        natural=np.ones(n, bool),
        urgency=np.round(urgency, 6),
        tiers=tiers,
    )


def test_a_table_has_a_row_for_each_contract_and_a_mass_for_each_coverage() -> None:
    table = fit_table(answers())
    assert tuple(policy.precision for policy in table.policies) == CONTRACTS
    assert tuple(table.limits.set_mass) == COVERAGES
    masses = list(table.limits.set_mass.values())
    assert masses == sorted(masses)


def test_sets_hold_the_right_tag_as_often_as_promised_on_new_messages() -> None:
    table, new = fit_table(answers(seed=1)), answers(seed=2)
    base = table.policy(0.95)
    confidence = new.tags.max(axis=1) * new.in_scope
    offered = new.is_in_scope & (confidence < base.threshold) & (new.in_scope >= table.limits.in_scope)
    for coverage in COVERAGES:
        held = []
        for shares, accepted in zip(new.tags[offered], new.accepted[offered], strict=True):
            order = np.argsort(-shares, kind="stable")
            size = int(np.searchsorted(np.cumsum(shares[order]), table.mass(coverage) - 1e-9) + 1)
            held.append(accepted[order[:size]].any())
        assert np.mean(held) >= coverage - 0.02, coverage


def test_the_urgency_bar_keeps_recall_within_the_budget_of_alarms() -> None:
    found = answers()
    assert found.urgency is not None and found.tiers is not None
    limits = fit_table(found).limits
    high = found.tiers == "high"
    assert (found.urgency[high, 0] >= limits.high).mean() >= 0.9
    assert (found.urgency[~high, 0] >= limits.high).mean() <= 0.05 + 1e-9


def test_few_messages_in_scope_are_taken_for_out_of_scope() -> None:
    found = answers()
    limits = fit_table(found).limits
    assert 0 < limits.in_scope <= 0.5
    assert (found.in_scope[found.is_in_scope] < limits.in_scope).mean() <= 0.03
    assert (found.in_scope[~found.is_in_scope] < limits.in_scope).mean() >= 0.5


def test_without_messages_out_of_scope_nothing_is() -> None:
    assert fit_table(answers(outside=0)).limits.in_scope == 0


def test_without_urgency_the_bars_are_a_half() -> None:
    limits = fit_table(replace(answers(), urgency=None, tiers=None)).limits
    assert (limits.high, limits.low) == (0.5, 0.5)


def test_a_further_tag_is_named_from_where_it_is_right_half_the_time() -> None:
    found = answers()
    second = np.argsort(-found.tags, axis=1, kind="stable")[:, 1]
    both = found.accepted.copy()
    rows = np.arange(len(second))
    sure = found.tags[rows, second] > 0.2
    both[rows[sure], second[sure]] = True
    bar = thresholds.fit_table(replace(found, accepted=both)).limits.also
    assert 0.02 < bar <= 0.21

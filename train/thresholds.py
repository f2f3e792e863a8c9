"""Fitting what decides: the contract's thresholds, candidate sets, urgency and scope bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from paidan.policy import Limits, Policy, PolicyTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
CONTRACTS = (0.90, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
COVERAGES = (0.80, 0.85, 0.90, 0.95, 0.98)
RISK = 0.05
FEWEST = 130
TRIED = 24


def lower_bound(right: int, n: int, risk: float = RISK) -> float:
    """Clopper–Pearson lower confidence bound of a proportion, one-sided. 0 for nothing read, never 1."""
    return 0.0 if right == 0 else float(beta.ppf(risk, right, n - right + 1))


def fit_policy(confidence: Floats, right: Bools, tags: Sequence[str], precision: float) -> Policy:
    """The lowest confidence from which the bound on precision meets the contract.

    Learn-then-test (Angelopoulos et al. 2021): a grid of thresholds is tried, each at its share of the risk
    (Bonferroni), so that having tried many costs nothing of the promise.
    """
    order = np.argsort(-confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    hits = np.cumsum(right)
    steps = np.unique(np.geomspace(FEWEST, max(FEWEST, len(right)), TRIED).astype(int))
    # A threshold takes in all answers that are as sure as the last: each step reaches to the end of its ties.
    steps = np.unique(np.searchsorted(-confidence, -confidence[steps[steps <= len(right)] - 1], side="right"))
    passed = [
        (int(n), bound) for n in steps if (bound := lower_bound(int(hits[n - 1]), int(n), RISK / TRIED)) >= precision
    ]
    if not passed:
        return Policy(precision, threshold=2.0)
    n, bound = passed[-1]
    threshold = float(confidence[n - 1])
    named = np.asarray(tags, dtype=object)[order]
    return Policy(
        precision, round(threshold, 6), _stricter(confidence, right, named, threshold, precision), n, round(bound, 6)
    )


def _stricter(
    confidence: Floats, right: Bools, tags: NDArray[np.object_], threshold: float, precision: float
) -> dict[str, float]:
    """Tags that a one-sided binomial test finds below the contract get a bar of their own."""
    stricter: dict[str, float] = {}
    above = confidence >= threshold
    for tag in sorted(set(tags[above])):
        mine = above & (tags == tag)
        n, hits = int(mine.sum()), int(right[mine].sum())
        if n >= 5 and binom.cdf(hits, n, precision) < RISK:
            stricter[str(tag)] = _bar(confidence[mine], right[mine], precision)
    return stricter


def _bar(confidence: Floats, right: Bools, precision: float) -> float:
    for n in range(len(right), 4, -1):
        if right[:n].mean() >= precision:
            return round(float(confidence[n - 1]), 6)
    return 2.0


@dataclass(frozen=True)
class OutOfFold:
    """Honest answers to the training messages: each by a model that saw nothing of its group.

    Attributes:
        tags: probabilities, shape (in-scope messages, tags); `truth` the right column; `accepted` whether a
            column is right or in `also`, same shape.
        in_scope: probability of being in scope, for every message; `is_in_scope` the truth.
        natural: messages that resemble what arrives; those written to stress a border say nothing of a stream.
    """

    labels: tuple[str, ...]
    tags: Floats
    truth: NDArray[np.int64]
    accepted: Bools
    unknown: Floats
    in_scope: Floats
    is_in_scope: Bools
    natural: Bools
    urgency: Floats | None
    tiers: NDArray[np.object_] | None


def fit_table(answers: OutOfFold, *, recall: float = 0.96, alarms: float = 0.05, unknown: float = 0.6) -> PolicyTable:
    """Everything that decides, from out-of-fold answers."""
    scope_bar = _scope_bar(answers.in_scope, answers.is_in_scope)
    first = answers.tags.argmax(axis=1)
    confidence = np.round(answers.tags.max(axis=1) * answers.in_scope, 6)
    right = answers.accepted[np.arange(len(first)), first]
    eligible = (answers.in_scope >= scope_bar) & (answers.unknown <= unknown)
    if (answers.natural & answers.is_in_scope).any():
        eligible &= answers.natural
    names = [answers.labels[column] for column in first]
    chosen = [name for name, ok in zip(names, eligible, strict=True) if ok]
    policies = tuple(fit_policy(confidence[eligible], right[eligible], chosen, precision) for precision in CONTRACTS)
    high, low = _tier_bars(answers.urgency, answers.tiers, recall, alarms)
    base = next((policy for policy in policies if policy.precision == 0.95), None)
    suggested = eligible & answers.is_in_scope & (confidence < (base.threshold if base else 2.0))
    masses = {coverage: _mass(answers.tags[suggested], answers.accepted[suggested], coverage) for coverage in COVERAGES}
    also = _also_bar(answers.tags[answers.is_in_scope], answers.accepted[answers.is_in_scope])
    return PolicyTable(policies, Limits(high, low, scope_bar, unknown, also, masses))


def _mass(shares: Floats, accepted: Bools, coverage: float) -> float:
    """The probability a set must gather so that it holds an accepted tag with the promised frequency.

    Split-conformal quantile with the finite-sample correction (Vovk; Romano et al. 2020), the score being the
    mass gathered before the first accepted tag.
    """
    if not len(shares):
        return coverage
    order = np.argsort(-shares, axis=1, kind="stable")
    gathered = np.cumsum(np.take_along_axis(shares, order, axis=1), axis=1)
    hit = np.take_along_axis(accepted, order, axis=1)
    at = np.where(hit.any(axis=1), hit.argmax(axis=1), shares.shape[1] - 1)
    before = np.where(at > 0, gathered[np.arange(len(at)), np.maximum(at - 1, 0)], 0.0)
    level = min(1.0, np.ceil((len(before) + 1) * coverage) / len(before))
    # A set stops at the first label that brings it to the mass: the mass must exceed what came before the hit.
    return round(min(0.999, float(np.quantile(before, level, method="higher")) + 1e-6), 6)


def _scope_bar(in_scope: Floats, truth: Bools, lost: float = 0.02) -> float:
    """The probability below which a message is taken for out of scope.

    At most `lost` of the messages in scope may fall under it, and never one that is more likely in than out:
    what is kept from `auto` is a matter of confidence, not of this bar.
    """
    if truth.all():
        return 0.0
    return round(min(0.5, float(np.quantile(in_scope[truth], lost))), 6)


def _tier_bars(
    shares: Floats | None, tiers: NDArray[np.object_] | None, recall: float, alarms: float
) -> tuple[float, float]:
    """Bars for `high` (shape of columns: high, medium, low) and for `low` among the rest."""
    if shares is None or tiers is None or not (tiers == "high").any():
        return 0.5, 0.5
    high = shares[:, 0]
    is_high = tiers == "high"
    wanted = float(np.quantile(high[is_high], 1 - recall))
    budget = float(np.quantile(high[~is_high], 1 - alarms)) if (~is_high).any() else 0.0
    bar = max(wanted, budget)
    rest = ~is_high
    ratio = shares[rest, 2] / np.maximum(shares[rest, 1] + shares[rest, 2], 1e-9)
    is_low = tiers[rest] == "low"
    bars = np.linspace(0.2, 0.8, 61)
    f1 = [_f1(ratio >= b, is_low) + _f1(ratio < b, ~is_low) for b in bars]
    return round(bar, 6), round(float(bars[int(np.argmax(f1))]), 6)


def _f1(said: Bools, truth: Bools) -> float:
    hits = float((said & truth).sum())
    return 2 * hits / max(1.0, float(said.sum() + truth.sum()))


def _also_bar(shares: Floats, accepted: Bools, precision: float = 0.5) -> float:
    """The lowest probability at which a second tag is accepted at least half the time."""
    order = np.argsort(-shares, axis=1, kind="stable")[:, 1:3]
    values = np.take_along_axis(shares, order, axis=1).ravel()
    hits = np.take_along_axis(accepted, order, axis=1).ravel()
    ranked = np.argsort(-values, kind="stable")
    running = np.cumsum(hits[ranked]) / np.arange(1, len(hits) + 1)
    good = np.flatnonzero((running >= precision) & (np.arange(len(hits)) >= 20))
    return round(float(values[ranked[good[-1]]]), 6) if len(good) else 0.5

"""Figures of answers, each worked out by hand on a handful of records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidan.report.calibration_error import calibration, expected_calibration_error
from paidan.report.labels import confused_pairs, macro_f1, per_label
from paidan.report.metrics import Judged, metrics
from paidan.report.proportion import proportion


def judged(
    truth: str | None,
    said: str | None,
    *,
    would_be: str = "suggest",
    size: int = 1,
    others: tuple[str, ...] = ("乙", "丙"),
    also: tuple[str, ...] = (),
    tiers: tuple[str, str] = ("medium", "medium"),
    kinds: tuple[str, str | None] = ("complaint", "complaint"),
    known: bool = True,
    slices: tuple[str, ...] = (),
    probability: float = 0.8,
) -> Judged:
    candidates = [{"id": name, "probability": 0.1} for name in (said, *others) if name]
    answer: dict[str, Any] = {
        "tag": {"id": said, "probability": probability} if said else None,
        "candidates": candidates,
        "set_size": size,
        "would_be": would_be,
        "decision": would_be,
        "urgency": {"id": tiers[1]},
        "kind": {"id": kinds[1]} if kinds[1] else None,
    }
    return Judged({"tag": truth, "urgency": tiers[0], "kind": kinds[0]}, also, answer, known, slices)


def test_tag_figures() -> None:
    found = metrics(
        [
            judged("甲", "甲"),
            judged("乙", "甲"),
            judged("丁", "甲", also=("甲",)),
            judged("丁", None, others=()),
            judged("新", "甲", known=False),
            judged(None, "甲"),
        ]
    )
    tag = found["tag"]
    assert found["n"] == 6
    assert (tag["accuracy"]["value"], tag["accuracy"]["n"]) == (0.2, 5)
    assert tag["accuracy_also"]["value"] == 0.4
    assert tag["top3"]["value"] == 0.4
    # 甲: 2·1/(1+4) = 0.4; 乙, 丁 and 新 are never said.
    assert tag["macro_f1"] == pytest.approx(0.4 / 4)
    assert tag["unknown_labels"] == {"新": 1}
    assert tag["confused"][0] == {"truth": "乙", "said": "甲", "n": 1}
    assert tag["per_tag"]["甲"]["precision"]["value"] == 0.25
    assert found["out_of_scope"]["n"] == 1


def test_urgency_and_kind_figures() -> None:
    found = metrics(
        [
            judged("甲", "甲", tiers=("high", "high")),
            judged("甲", "甲", tiers=("high", "low")),
            judged("甲", "甲", tiers=("low", "high"), kinds=("inquiry", None)),
            judged("甲", "甲", tiers=("low", "low"), kinds=("inquiry", "inquiry")),
            judged("甲", "甲", tiers=("medium", "low")),
        ]
    )
    urgency = found["urgency"]
    assert [urgency[name]["value"] for name in ("accuracy", "high_recall", "high_precision")] == [0.4, 0.5, 0.5]
    assert urgency["false_high_rate"]["value"] == pytest.approx(1 / 3, abs=1e-6)
    assert urgency["false_high_rate"]["n"] == 3
    assert found["kind"]["accuracy"]["value"] == 0.8


def test_a_heads_figures_are_over_the_records_that_carry_its_label() -> None:
    one = judged("甲", "甲")
    only_tier = Judged({"urgency": "high"}, (), {**one.answer, "urgency": {"id": "high"}})
    found = metrics([one, only_tier])
    assert (found["tag"]["accuracy"]["n"], found["urgency"]["accuracy"]["n"], found["kind"]["accuracy"]["n"]) == (
        1,
        2,
        1,
    )
    assert (found["auto"]["coverage"]["n"], found["out_of_scope"]["n"]) == (1, 0)


def test_auto_judges_would_be_over_in_scope_and_counts_out_of_scope_as_wrong() -> None:
    found = metrics(
        [
            judged("甲", "甲", would_be="auto"),
            judged("乙", "甲", would_be="auto", also=("甲",)),
            judged("乙", "甲"),
            judged(None, "甲", would_be="auto"),
            judged(None, "甲", would_be="auto", also=("甲",)),
            judged(None, "甲", would_be="human"),
        ]
    )
    assert (found["auto"]["coverage"]["value"], found["auto"]["coverage"]["n"]) == (pytest.approx(2 / 3, abs=1e-6), 3)
    assert (found["auto"]["precision"]["value"], found["auto"]["precision"]["n"]) == (0.75, 4)
    outside = found["out_of_scope"]
    assert (outside["auto_rate"]["value"], outside["auto_wrong_rate"]["value"]) == (
        *(pytest.approx(2 / 3, abs=1e-6), pytest.approx(1 / 3, abs=1e-6)),
    )


def test_candidate_sets_are_judged_where_they_are_offered_and_only_as_far_as_promised() -> None:
    found = metrics(
        [
            judged("乙", "甲", size=1),
            judged("乙", "甲", size=2),
            judged("丁", "甲", size=4, also=("丙",)),
            judged("乙", "甲", size=9, would_be="human"),
            judged(None, "甲", size=2),
        ]
    )["candidates"]
    assert (found["coverage"]["value"], found["coverage"]["n"]) == (pytest.approx(2 / 3, abs=1e-6), 3)
    assert found["mean_size"] == pytest.approx(7 / 3, abs=1e-4)
    assert [found["by_size"][name]["value"] for name in ("1", "2-3", ">3")] == [0.0, 1.0, 1.0]


def test_slices_of_twenty_get_figures_of_their_own() -> None:
    rows = [judged("甲", "甲", slices=("style: phone",)) for _ in range(20)] + [
        judged("甲", "乙", slices=("style: chat",))
    ]
    found = metrics(rows)["slices"]
    assert list(found) == ["style: phone"]
    assert found["style: phone"]["tag"]["accuracy"]["value"] == 1


def test_no_records_give_no_figures_and_no_fault() -> None:
    found = metrics([])
    assert found["n"] == 0
    assert found["tag"]["accuracy"] == {"value": None, "low": None, "high": None, "n": 0}
    assert found["candidates"]["mean_size"] is None
    assert (found["tag"]["ece"], found["tag"]["ece_floor"]) == (0, 0)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(9, 10, 0.59585, 0.982124), (0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0), (0, 1, 0, 0.793451)],
)
def test_wilsons_interval(hits: int, n: int, low: float, high: float) -> None:
    found = proportion(hits, n)
    assert (found["low"], found["high"]) == (pytest.approx(low, abs=2e-6), pytest.approx(high, abs=2e-6))


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval(counts: tuple[int, int]) -> None:
    found = proportion(*counts)
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1


def test_a_dead_label_pulls_macro_f1_down_and_an_invented_one_does_not_count() -> None:
    assert macro_f1(["甲", "甲", "乙"], ["甲", "甲", "甲"]) == pytest.approx((0.8 + 0) / 2)
    assert macro_f1(["甲", "甲"], ["甲", "丙"]) == pytest.approx(2 / 3, abs=1e-6)
    assert macro_f1([], []) == 0


def test_confused_pairs_come_most_often_first_and_silence_is_no_confusion() -> None:
    pairs = confused_pairs(["甲", "甲", "乙", "乙"], ["乙", "乙", "甲", None])
    assert pairs == [{"truth": "甲", "said": "乙", "n": 2}, {"truth": "乙", "said": "甲", "n": 1}]


def test_per_label_leaves_nobody_out() -> None:
    rows = per_label(["甲", "乙"], ["丙", None])
    assert {name: row["support"] for name, row in rows.items()} == {"甲": 1, "乙": 1, "丙": 0}
    assert rows["乙"]["precision"]["value"] is None


def test_calibration_error_by_hand() -> None:
    # Two bins: 0.95 said, half right; 0.15 said, none right.
    confidence, right = np.array([0.95, 0.95, 0.15, 0.15]), np.array([True, False, False, False])
    assert expected_calibration_error(confidence, right) == pytest.approx((2 * 0.45 + 2 * 0.15) / 4)
    assert expected_calibration_error(np.array([]), np.array([], bool)) == 0
    assert expected_calibration_error(np.array([1.0]), np.array([True])) == 0


def test_perfectly_calibrated_answers_show_the_floor_and_nothing_beyond() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.5, 1, 2000)
    found = calibration(confidence, rng.random(2000) < confidence)
    assert 0.01 < found["ece_floor"] < 0.03
    assert abs(found["ece_excess"]) < 0.01
    assert calibration(confidence, rng.random(2000) < confidence - 0.3)["ece_excess"] > 0.2
    assert sum(row["n"] for row in found["bins"]) == 2000


def test_the_floor_is_the_same_at_every_reading() -> None:
    confidence, right = np.linspace(0.3, 1, 100), np.arange(100) % 3 > 0
    assert calibration(confidence, right) == calibration(confidence, right)

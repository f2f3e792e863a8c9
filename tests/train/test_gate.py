"""The gate as a pure function: what it refuses, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from paidan.errors import GateError, SettingsError
from paidan.report.metrics import Judged
from train.behaviour import Case, Failure
from train.gate import Rules, Verdict, judge_candidate, load_rules

TAG, OTHER = "product.battery", "service.courier"


def judged(
    right: Sequence[bool], tag: str = TAG, *, urgency: str | None = None, high: Sequence[bool] = ()
) -> list[Judged]:
    labels = {"tag": tag} | ({"urgency": urgency} if urgency else {})
    levels = ["high" if one else "low" for one in high] or ["low"] * len(right)
    return [
        Judged(labels, (), {"tag": {"id": tag if one else OTHER}, "urgency": {"id": level}, "candidates": []})
        for one, level in zip(right, levels, strict=True)
    ]


def failure(name: str) -> Failure:
    return Failure(Case(name, "minimum", "发票没开", None, {"tag": TAG}), f"tag is {OTHER}, expected {TAG}")


def test_the_same_answers_pass() -> None:
    found = judge_candidate(judged([True] * 50), judged([True] * 50), [], [], Rules())
    assert found.passed
    assert found.figures["champion_right"] == found.figures["candidate_right"] == 50


def test_a_small_fall_is_chance_and_a_large_one_is_not() -> None:
    before = judged([True] * 100)
    assert judge_candidate(judged([True] * 97 + [False] * 3), before, [], [], Rules()).passed
    found = judge_candidate(judged([True] * 88 + [False] * 12), before, [], [], Rules(protected_tags=(TAG,)))
    assert [reason.split(":")[0] for reason in found.refusals] == ["tags", f"protected tag {TAG}"]
    assert "100 of 100 right before, 88 now (12 lost, 0 won, p = 0.0002 < 0.05)" in found.refusals[0]


def test_a_protected_tag_may_not_fall_while_all_rises() -> None:
    before = judged([False] * 60, "process.invoice") + judged([True] * 10)
    now = judged([True] * 60, "process.invoice") + judged([False] * 10)
    found = judge_candidate(now, before, [], [], Rules(protected_tags=(TAG,), min_accuracy=0))
    assert [reason.split(":")[0] for reason in found.refusals] == [f"protected tag {TAG}"]


def test_more_missed_urgent_messages_are_refused() -> None:
    before = judged([True] * 10, urgency="high", high=[True] * 10)
    now = judged([True] * 10, urgency="high", high=[False] * 6 + [True] * 4)
    assert (
        "urgent messages recognised: 10 of 10 right before, 4 now"
        in judge_candidate(now, before, [], [], Rules()).refusals[0]
    )


def test_a_floor_holds_without_a_champion() -> None:
    found = judge_candidate(judged([True] * 2 + [False] * 8), None, [], [], Rules(min_accuracy=0.3))
    assert found.refusals == ("2 of 10 records right (20.0%); the floor is 30%",)


def test_records_of_a_tag_that_one_side_lacks_are_not_compared() -> None:
    lost = [Judged(one.labels, one.also, one.answer, known=False) for one in judged([True] * 30)]
    found = judge_candidate(judged([True] * 40), lost + judged([True] * 10), [], [], Rules())
    assert found.figures["compared"] == 10
    assert found.notes == ("30 records carry a tag that only one of the two knows: not compared",)


def test_only_behaviours_that_the_champion_shows_can_break() -> None:
    old, new = failure("旧病"), failure("新病")
    assert judge_candidate(judged([True]), judged([True]), [old], [old], Rules()).passed
    found = judge_candidate(judged([True]), judged([True]), [old, new], [old], Rules())
    assert found.figures["broken_behaviours"] == [str(new)]
    with pytest.raises(GateError, match=r"1 behaviour cases broken.*新病"):
        found.require()


def test_without_a_champion_no_behaviour_is_broken_and_the_failing_ones_are_told() -> None:
    found = judge_candidate(judged([True]), None, [failure("新病")], [], Rules())
    assert found.passed
    assert "1 behaviour cases fail" in found.notes[0]


def test_a_verdict_takes_more_in_without_losing_anything() -> None:
    found = Verdict(3, ("a",), ("n",), {"x": 1}).joined(["b"], ["m"], y=2)
    assert found.to_dict() == {"passed": False, "n": 3, "refusals": ["b", "a"], "notes": ["m", "n"], "x": 1, "y": 2}


def test_rules_name_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text("risk: 0.9\nmin_acuracy: 0.2\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"risk(.|\n)*min_acuracy"):
        load_rules(path)
    assert load_rules(tmp_path / "none.yaml") == Rules()

"""Behaviour cases: files checked line by line, and failures told in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paidan.errors import RecordsError
from paidan.router import Router
from train.behaviour import Case, read_cases, run_cases


def write(path: Path, *rows: Any) -> Path:
    path.write_text(
        "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows),
        encoding="utf-8",
    )
    return path


def case(kind: str = "minimum", text: str = "退款三天没到账", changed: str | None = None, **expected: Any) -> Case:
    return Case("例", kind, text, changed, expected)


def test_good_cases_are_read_and_blank_lines_passed_over(tmp_path: Path) -> None:
    path = write(
        tmp_path / "behaviour.jsonl",
        {"name": "a", "kind": "minimum", "text": "退款", "expected": {"tag": ["process.refund-delay"]}},
        "",
        {"name": "b", "kind": "invariance", "text": "退款", "changed": "退　款"},
        {"name": "c", "kind": "direction", "text": "坏了", "changed": "坏了冒烟", "expected": {"urgency": "high"}},
    )
    assert [(one.name, one.kind, one.tags) for one in read_cases(path)] == [
        *(("a", "minimum", ("process.refund-delay",)), ("b", "invariance", ()), ("c", "direction", ())),
    ]


@pytest.mark.parametrize(
    "row",
    [
        "{",
        "[]",
        {"kind": "minimum", "text": "退款", "expected": {"tag": "a"}},
        {"name": "a", "kind": "maximum", "text": "退款", "expected": {"tag": "a"}},
        {"name": "a", "kind": "minimum", "text": "退款"},
        {"name": "a", "kind": "invariance", "text": "退款"},
        {"name": "a", "kind": "invariance", "text": "退款", "changed": "退", "expected": {"tag": "a"}},
        {"name": "a", "kind": "direction", "text": "退款", "changed": "退"},
        {"name": "a", "kind": "minimum", "text": "退款", "expected": {"colour": "red"}},
    ],
    ids=str,
)
def test_a_bad_case_is_named_by_its_line(tmp_path: Path, row: Any) -> None:
    good = {"name": "g", "kind": "minimum", "text": "退款", "expected": {"kind": "complaint"}}
    with pytest.raises(RecordsError, match=r"^behaviour\.jsonl line 2: "):
        read_cases(write(tmp_path / "behaviour.jsonl", good, row, good))


def test_a_case_of_a_tag_that_the_model_lacks_is_skipped_by_name(tiny_router: Router) -> None:
    failures, skipped = run_cases(tiny_router, [case(tag="没有的标签")])
    assert (failures, [one.name for one in skipped]) == ([], ["例"])


def test_a_failure_says_what_was_found_and_expected(tiny_router: Router) -> None:
    (failure,), _ = run_cases(tiny_router, [case(tag=["product.display", "product.battery"])])
    assert str(failure) == "例 (minimum): tag is process.refund-delay, expected product.display or product.battery"
    assert run_cases(tiny_router, [case(tag=["product.display", "process.refund-delay"])]) == ([], [])


def test_an_invariance_is_broken_by_a_moved_tag_or_tier(tiny_router: Router) -> None:
    (failure,), _ = run_cases(tiny_router, [case("invariance", "退款三天没到账", "充电宝冒烟起火了")])
    assert "tag moved from process.refund-delay to" in failure.found
    assert "urgency moved from" in failure.found
    assert run_cases(tiny_router, [case("invariance", "退款三天没到账", "退款三天沒到賬")]) == ([], [])


def test_a_direction_is_judged_by_the_changed_text(tiny_router: Router) -> None:
    cases = [case("direction", "发票抬头开错了", "充电宝冒烟了", urgency="high")]
    assert run_cases(tiny_router, cases) == ([], [])
    (failure,), _ = run_cases(tiny_router, [case("direction", "充电宝冒烟了", "发票抬头开错了", urgency="high")])
    assert failure.found.startswith("urgency is ")

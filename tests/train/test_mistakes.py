"""Mistakes are shown with places and masked words."""

from __future__ import annotations

from typing import Any

from paidan.message import Message
from paidan.report.metrics import Judged, metrics
from paidan.router import Router
from train.mistakes import confused, missed_high, unknown_words
from train.records import Record


def judged(truth: str | None, said: str, tier: str = "medium", would_be: str = "suggest") -> Judged:
    answer: dict[str, Any] = {
        "tag": {"id": said, "probability": 0.5},
        "candidates": [{"id": said}],
        "set_size": 1,
        "urgency": {"id": tier, "probabilities": {"high": 0.1}},
        "would_be": would_be,
        "decision": would_be,
        "reason": "close_call",
        "kind": None,
    }
    return Judged({"tag": truth, "urgency": "high"}, (), answer)


def record(text: str, row: int) -> Record:
    return Record(Message.from_text(text), {}, file="甲.csv", row=row)


def test_pairs_come_with_masked_examples_most_frequent_first() -> None:
    records = [record(text, row) for row, text in enumerate(["坏了", "电话13800001111没人接", "不亮", "慢" * 90], 2)]
    found = confused([judged("a", "b"), judged("b", "a"), judged("a", "b"), judged("a", "a")], records)
    assert [(pair["truth"], pair["said"], pair["n"]) for pair in found] == [("a", "b", 2), ("b", "a", 1)]
    assert found[1]["examples"][0]["text"] == "电话＊＊＊＊＊＊＊＊＊＊＊没人接"
    assert "甲.csv" in found[0]["examples"][0]["place"]


def test_urgent_messages_missed_are_listed_and_cut() -> None:
    found = missed_high([judged("a", "a"), judged("a", "a", "high")], [record("烟" * 90, 2), record("烟", 3)])
    assert [(len(one["text"]), one["said"], one["probability"]) for one in found] == [(60, "medium", 0.1)]


def test_the_decision_table_counts_reasons_and_what_is_out_of_scope() -> None:
    table = metrics([judged("a", "a"), judged("a", "b"), judged(None, "a")])["decisions"]
    assert table["suggest"]["reasons"] == {"close_call": 3}
    assert (table["suggest"]["accepted"]["value"], table["suggest"]["out_of_scope"]) == (0.5, 1)
    assert table["auto"]["share"]["value"] == 0.0


def test_coverage_is_told_by_tag() -> None:
    found = metrics([judged("a", "a"), judged("a", "b"), judged("b", "b")])["candidates"]["per_tag"]
    assert {tag: share["value"] for tag, share in found.items()} == {"a": 0.5, "b": 1.0}


def test_the_share_of_unknown_words_is_told(tiny_router: Router) -> None:
    found = unknown_words(tiny_router, [record("快递还没到", 2), record("xyzzy qwerty", 3)])
    assert 0 < found["mean"] < 1 and found["above_half"]["n"] == 2

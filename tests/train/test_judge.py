"""Judging: answers of the served door beside labels, under the names of their slices."""

from __future__ import annotations

from typing import Any

import pytest

from paidan.message import Message
from paidan.router import Router
from paidan.taxonomy import Taxonomy
from train.judge import judge, known_labels, slices
from train.records import Record


def record(text: str, also: tuple[str, ...] = (), style: str = "", channel: str | None = None, **labels: Any) -> Record:
    return Record(Message.from_dict({"text": text, "channel": channel}), labels, also, style)


def test_a_judged_answer_is_the_routers_own(tiny_router: Router) -> None:
    records = [
        record("退款三天没到账", tag="process.refund-delay"),
        record("谢谢", tag=None),
        record("新问题", tag="没有的标签"),
    ]
    seen: list[int] = []
    found = judge(tiny_router, records, seen.append)
    assert [one.answer for one in found] == [tiny_router.answer([one.message])[0] for one in records]
    assert [one.known for one in found] == [True, True, False]
    assert seen == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "name"),
    [("退" * 12, "short"), ("退" * 13, "middle"), ("退" * 150, "middle"), ("退" * 151, "long")],
)
def test_lengths_have_names(text: str, name: str) -> None:
    assert slices(record(text)) == (f"length: {name}",)


def test_slices_name_script_style_channel_and_several_issues() -> None:
    assert slices(record("電池壞了，說好會退錢", ("a",), "chat", "app")) == (
        *("length: short", "script: traditional", "style: chat", "channel: app", "several issues"),
    )
    assert "script: traditional" not in slices(record("电池坏了，只有一個繁体"))


def test_labels_are_read_by_the_model_that_is_measured() -> None:
    taxonomy = Taxonomy.from_dict({"tags": [{"id": "a", "name": "甲", "code": "01"}, {"id": "b", "name": "乙"}]})
    found = known_labels(record("退款", ("乙", "外"), tag="01", urgency="low"), taxonomy)
    assert (dict(found.labels), found.also) == ({"tag": "a", "urgency": "low"}, ("b", "外"))
    assert known_labels(record("退款", tag=None), taxonomy).labels == {"tag": None}
    assert known_labels(record("退款"), taxonomy).labels == {}

"""Lending: only what is missing, never a tag."""

from __future__ import annotations

from typing import Any

from paidan.message import Message
from train.lend import lend
from train.records import Record


def record(text: str, **labels: Any) -> Record:
    return Record(Message.from_text(text), labels)


STARTER = [
    record("退款没到", tag="process.refund-delay", urgency="medium", kind="complaint"),
    record("谢谢", tag=None, scope="praise", urgency="low"),
    record("别的事", tag=None, scope="other_grievance"),
]


def test_missing_heads_are_lent_and_nothing_else() -> None:
    own = [record("我的", tag="天气", kind="inquiry")]
    records, lent = lend(own, STARTER)
    assert lent == ("urgency", "scope")
    assert records[0] is own[0]
    assert [dict(one.labels) for one in records[1:]] == [
        {"urgency": "medium"},
        {"urgency": "low", "scope": "praise"},
        {"scope": "other_grievance"},
    ]


def test_a_file_with_every_head_borrows_nothing() -> None:
    own = [record("我的", tag=None, urgency="low", kind="inquiry", scope="noise")]
    assert lend(own, STARTER) == (own, ())


def test_tags_are_never_lent() -> None:
    records, lent = lend([record("我的", urgency="low")], STARTER)
    assert "tag" not in lent
    assert all("tag" not in one.labels for one in records)


def test_without_a_starter_set_nothing_comes() -> None:
    own = [record("我的", tag="天气")]
    assert lend(own, ())[0] == own

"""The boundary: every bad input is refused by field and code, and no refusal repeats the text."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.errors import MessageError
from paidan.message import Message

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECRET = "绝密的话"


def turn(text: object = "退款", role: object = "customer") -> dict[str, object]:
    return {"role": role, "text": text}


BAD: list[tuple[str, object, str, str]] = [
    ("null", None, "message", "not_an_object"),
    ("a list", [SECRET], "message", "not_an_object"),
    ("a text", SECRET, "message", "not_an_object"),
    ("a number", 5, "message", "not_an_object"),
    ("nothing", {}, "text", "missing"),
    ("only a title", {"title": SECRET}, "text", "missing"),
    ("text null", {"text": None}, "text", "missing"),
    ("text empty", {"text": ""}, "text", "empty"),
    ("text a number", {"text": 5}, "text", "not_a_text"),
    ("text a list", {"text": [SECRET]}, "text", "not_a_text"),
    ("text an object", {"text": {"a": SECRET}}, "text", "not_a_text"),
    ("text true", {"text": True}, "text", "not_a_text"),
    ("half a surrogate pair", {"text": SECRET + "\ud800"}, "text", "surrogate"),
    ("10,001 code points", {"text": "退" * 10_001}, "text", "too_long"),
    ("too long with its title", {"text": "退" * 9_999, "title": "退款"}, "text", "too_long"),
    ("turns too long", {"turns": [turn("退" * 6000), turn("款" * 4001, "agent")]}, "turns", "too_long"),
    ("title a number", {"text": SECRET, "title": 5}, "title", "not_a_text"),
    ("title half a pair", {"text": SECRET, "title": "\udc00"}, "title", "surrogate"),
    ("text and turns", {"text": SECRET, "turns": [turn()]}, "turns", "both"),
    ("no turns", {"turns": []}, "turns", "not_a_list"),
    ("turns a text", {"turns": SECRET}, "turns", "not_a_list"),
    ("a turn a text", {"turns": [turn(), SECRET]}, "turns/1", "not_an_object"),
    ("a turn of nobody", {"turns": [turn(SECRET, "boss")]}, "turns/0/role", "role"),
    ("a turn with a list for a role", {"turns": [turn(SECRET, ["customer"])]}, "turns/0/role", "role"),
    ("a turn without text", {"turns": [{"role": "customer"}]}, "turns/0/text", "not_a_text"),
    ("only the agent speaks", {"turns": [turn(SECRET, "agent")]}, "turns", "empty"),
    ("customer says nothing", {"turns": [turn(""), turn(SECRET, "bot")]}, "turns", "empty"),
    ("id a list", {"text": SECRET, "id": ["T-1"]}, "id", "not_a_text"),
    ("id true", {"text": SECRET, "id": True}, "id", "not_a_text"),
    ("id a fraction", {"text": SECRET, "id": 1.5}, "id", "not_a_text"),
    ("id too long", {"text": SECRET, "id": "x" * 201}, "id", "too_long"),
    ("id of 5,000 digits", {"text": SECRET, "id": 10**5000}, "id", "not_a_text"),
    ("id with NUL", {"text": SECRET, "id": "T\x001"}, "id", "too_long"),
    ("id half a pair", {"text": SECRET, "id": "\ud800"}, "id", "surrogate"),
    ("source a number list", {"text": SECRET, "source": [1]}, "source", "not_a_text"),
    ("channel an object", {"text": SECRET, "channel": {}}, "channel", "not_a_text"),
    ("channel too long", {"text": SECRET, "channel": "x" * 51}, "channel", "too_long"),
    ("time a word", {"text": SECRET, "received_at": "昨天"}, "received_at", "not_a_time"),
    ("time a number", {"text": SECRET, "received_at": 1732240000}, "received_at", "not_a_time"),
    ("30 February", {"text": SECRET, "received_at": "2026-02-30T00:00:00"}, "received_at", "not_a_time"),
    ("the year 1", {"text": SECRET, "received_at": "0001-01-01T00:00:00"}, "received_at", "not_a_time"),
    ("the year 9999", {"text": SECRET, "received_at": "9999-12-31T23:59:59"}, "received_at", "not_a_time"),
    ("fields a list", {"text": SECRET, "fields": ["区域"]}, "fields", "not_an_object"),
    ("fields nested", {"text": SECRET, "fields": {"区域": {"省": "粤"}}}, "fields", "not_flat"),
    ("21 fields", {"text": SECRET, "fields": {f"k{n}": n for n in range(21)}}, "fields", "too_many"),
    ("a field that is no number", {"text": SECRET, "fields": {"a": float("nan")}}, "fields", "invalid"),
    ("a field beyond all bounds", {"text": SECRET, "fields": {"a": float("-inf")}}, "fields", "invalid"),
    ("a field of 400 digits", {"text": SECRET, "fields": {"a": 10**400}}, "fields", "invalid"),
    ("a field with NUL", {"text": SECRET, "fields": {"a": "\x00"}}, "fields", "invalid"),
    ("a field name half a pair", {"text": SECRET, "fields": {"\udfff": 1}}, "fields", "invalid"),
    ("a field of 1,001 characters", {"text": SECRET, "fields": {"a": "x" * 1001}}, "fields", "invalid"),
]


@pytest.mark.parametrize(("raw", "field", "code"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_message_is_refused_by_field_and_code_without_its_text(raw: object, field: str, code: str) -> None:
    with pytest.raises(MessageError, match="^" + field) as caught:
        Message.from_dict(raw)
    assert (caught.value.field, caught.value.code) == (field, code)
    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "raw",
    [
        {"text": "退"},
        {"text": "退" * 10_000},
        {"text": "👍" * 10_000},
        {"text": "", "title": "退款"},
        {"text": " "},
        {"text": "退\x00款"},
        {"text": "退款", "unknown": {"deep": [1]}},
        {"text": "退款", "fields": {f"k{n}": n for n in range(20)}},
        {"text": "退款", "fields": {}},
        {"text": "退款", "fields": {"区域": "华南", "等级": 3, "老客": True, "空": None, "额": 1.5}},
    ],
    ids=lambda raw: str(raw)[:40],
)
def test_a_good_message_is_taken(raw: dict[str, Any]) -> None:
    assert Message.from_dict(raw).parts


def test_a_number_is_an_id_and_an_empty_one_is_none() -> None:
    assert Message.from_dict({"text": "退款", "id": 1001}).id == "1001"
    assert Message.from_dict({"text": "退款", "id": "", "channel": "", "source": None}).id is None


def test_parts_stand_in_reading_order_and_only_the_customers_are_scored() -> None:
    message = Message.from_dict({"title": "投诉", "turns": [turn("您好", "bot"), turn(), turn("好", "agent")]})
    assert [(part.name, part.scored) for part in message.parts] == [
        *(("title", True), ("turns/0", False), ("turns/1", True), ("turns/2", False))
    ]
    assert [part.text for part in message.scored_parts] == ["投诉", "退款"]


@pytest.mark.parametrize(
    ("sent", "offset"),
    [("2026-11-22T09:30:00+01:00", 1), ("2026-11-22T09:30:00Z", 0), ("2026-11-22T09:30:00", 8), ("2026-11-22", 8)],
)
def test_a_time_without_offset_is_read_in_the_given_zone(sent: str, offset: int) -> None:
    found = Message.from_dict({"text": "退款", "received_at": sent}, SHANGHAI).received_at
    assert found is not None
    assert found.utcoffset() == timedelta(hours=offset)


def test_a_workbooks_own_time_is_taken() -> None:
    moment = datetime(2026, 11, 22, 9, 30)
    assert Message.from_dict({"text": "退款", "received_at": moment}, SHANGHAI).received_at == moment.replace(
        tzinfo=SHANGHAI
    )


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
FIELDS = ("text", "turns", "title", "id", "source", "channel", "received_at", "fields")


@given(st.one_of(JSON, st.dictionaries(st.sampled_from(FIELDS), JSON)))
@settings(deadline=None, max_examples=300)
def test_whatever_comes_is_a_message_or_a_refusal(raw: object) -> None:
    message = None
    with contextlib.suppress(MessageError):
        message = Message.from_dict(raw)
    assert message is None or 1 <= sum(len(part.text) for part in message.parts) <= 10_000

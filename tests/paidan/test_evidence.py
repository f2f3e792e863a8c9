"""Evidence: weights add up to the score, and offsets point at the words in the text as it was sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.message import Message
from paidan.normalise import normalise
from paidan.router import Answer, Router

MESSAGES: list[dict[str, Any]] = [
    {"text": "手机充满电用两个小时就没了，续航太差"},
    {"text": "退款三天還沒到賬，客服說會退錢"},
    {"text": "ＡＰＰ上申請的退款　３天了還沒到賬！"},
    {"text": "<p>退款&nbsp;三天</p><br>没到账&amp;客服不理"},
    {"title": "投訴：退款", "text": "申请的退款一直没有到账"},
    {"title": " ", "text": "退款没到账"},
    {"title": "\u200b", "text": "退款没到账"},
    {"turns": [{"role": "bot", "text": "退款请按1"}, {"role": "customer", "text": "退\u200b款没到账"}]},
    {
        "turns": [
            {"role": "customer", "text": "\u200b"},
            {"role": "agent", "text": "在"},
            {"role": "customer", "text": "屏幕碎了"},
        ]
    },
    {"text": "^^退款^没到账^"},
    {"text": "打138 0000 1111没人接，退款没到账"},
    {"text": "  退款  没  到账  "},
    {"text": "退"},
]


def parts_of(raw: dict[str, Any]) -> dict[str, str]:
    parts = {name: raw[name] for name in ("title", "text") if name in raw}
    return parts | {f"turns/{n}": turn["text"] for n, turn in enumerate(raw.get("turns", ()))}


def answer(router: Router, raw: dict[str, Any]) -> Answer:
    return router.answer([Message.from_dict(raw)], detail=True)[0]


def as_read(slice_: str) -> str:
    """A stretch of the original as a term spells it: no spaces, digits folded, lower case."""
    folded = "".join("0" if char.isascii() and char.isdigit() else char for char in normalise(slice_).text.lower())
    return "".join(folded.split())


@pytest.mark.parametrize("raw", MESSAGES, ids=lambda raw: str(raw)[:40])
def test_offsets_point_at_the_term_in_the_text_as_sent(tiny_router: Router, raw: dict[str, Any]) -> None:
    parts = parts_of(raw)
    found = answer(tiny_router, raw)["evidence"]
    assert found
    for item in found:
        piece = parts[item["part"]][item["start"] : item["end"]]
        term = "".join(item["term"].split())
        assert term
        if "＊" in term or "13800001111"[:3] in piece:
            continue
        # A term over the border of two parts is shown where it begins.
        assert as_read(piece) == term or (len(parts) > 1 and term.startswith(as_read(piece)) and as_read(piece))


@pytest.mark.parametrize("text", ["½斤苹果烂了，㎏不对", "İİ退款没到账ＩＮＶＯＩＣＥ"])
def test_a_character_that_became_several_is_shown_whole(tiny_router: Router, text: str) -> None:
    for item in answer(tiny_router, {"text": text})["evidence"]:
        assert "".join(item["term"].split()) in as_read(text[item["start"] : item["end"]])


def test_a_masked_span_is_shown_whole(tiny_router: Router) -> None:
    text = "打138 0000 1111没人接"
    items = [item for item in answer(tiny_router, {"text": text})["evidence"] if item["term"] == "＊"]
    assert items
    assert all(text[item["start"] : item["end"]] == "138 0000 1111" for item in items)


@given(
    st.lists(st.sampled_from([raw["text"] for raw in MESSAGES if "text" in raw]), min_size=1, max_size=4).map("，".join)
)
@settings(deadline=None, max_examples=60)
def test_weights_rest_and_intercept_add_up_to_the_score(tiny_router: Router, text: str) -> None:
    found = answer(tiny_router, {"text": text})
    shown = [item["weight"] for item in found["evidence"]]
    assert sum(shown) + found["rest"] + found["intercept"] == pytest.approx(found["score"], abs=1e-6)
    assert len(shown) <= 12
    assert [abs(weight) for weight in shown] == sorted((abs(weight) for weight in shown), reverse=True)


def test_the_score_is_the_scorers_own_for_the_tag_that_was_answered(tiny_router: Router) -> None:
    message = Message.from_text("退款三天没到账")
    found = tiny_router.answer([message], detail=True)[0]
    bundle = tiny_router.bundle
    head = bundle.head("tag")
    assert head is not None
    scores = bundle.scorer.scores(bundle.features.vector("退款三天没到账"))
    assert found["score"] == pytest.approx(scores[head.start + head.labels.index(found["tag"]["id"])], abs=1e-6)


def test_every_weight_is_shown_when_there_are_few(tiny_router: Router) -> None:
    found = answer(tiny_router, {"text": "退"})
    assert found["rest"] == pytest.approx(0, abs=2e-6)


def test_a_text_of_which_nothing_can_be_scored_has_no_evidence(tiny_router: Router) -> None:
    found = answer(tiny_router, {"text": "！！！"})
    assert (found["evidence"], found["rest"], found["intercept"], found["score"]) == ([], 0.0, 0.0, 0.0)


@given(st.text(max_size=60).filter(lambda text: not any(0xD800 <= ord(char) < 0xE000 for char in text) and text))
@settings(deadline=None, max_examples=150)
def test_offsets_lie_in_the_text_whatever_comes(tiny_router: Router, text: str) -> None:
    found = answer(tiny_router, {"text": text})
    for item in (*found["evidence"], *found["urgency"]["cues"]):
        assert 0 <= item["start"] < item["end"] <= len(text)

"""The one door: the contract's fields from every kind of message, alone as in a batch."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.calibration import INPUTS, Calibration
from paidan.decide import AUTO, HUMAN, SUGGEST
from paidan.heads import Head, Scorer
from paidan.message import Message
from paidan.policy import Limits, Policy, PolicyTable
from paidan.router import BROKEN, PROVEN, TRIAL, Answer, Router

FIELDS = [
    *("prediction_id", "source", "id", "revision", "replayed", "dry_run", "model", "received_at", "answered_at"),
    *("decision", "would_be", "reason", "tag", "candidates", "set_size", "also", "urgency", "kind", "heads", "route"),
]
DETAIL = ["evidence", "rest", "intercept", "score", "masked_text"]
ROUTE = [
    *("queue", "proposed", "rule", "respond_by", "resolve_by", "escalate_at", "escalate_to", "calendar"),
]
KINDS_OF_TEXT = {
    "plain": "退款三天没到账",
    "nothing to read": "😡😡！！",
    "only a phone number": "13800001111",
    "another language": "My order has not arrived, please help me",
    "korean": "배송이 너무 늦어요",
    "unknown words": "龘靐齉爩鱻麤龗灪",
    "one character": "退",
    "two issues": "退款三天没到账，而且屏幕还碎了",
    "long": "退款" * 5000,
    "zero width": "\u200b",
    "spaces": "   ",
    "markup": "<br><br>",
    "traditional": "電池充滿電兩個小時就沒了",
}


def said(router: Router, raw: dict[str, Any] | str, detail: bool = False) -> Answer:
    return router.answer([Message.from_dict({"text": raw} if isinstance(raw, str) else raw)], detail=detail)[0]


def fixed(
    router: Router, shares: dict[str, float], *, threshold: float = 0.8, in_scope: float | None = None, **limits: Any
) -> Router:
    """A router whose model always answers these probabilities."""
    labels = tuple(shares)
    plain = Calibration((0.0,) * len(INPUTS))
    heads = [Head("tag", labels, 0, plain, np.array(list(shares.values())))]
    intercepts = np.log(np.array(list(shares.values())))
    if in_scope is not None:
        heads.append(Head("scope", ("in_scope", "noise"), len(labels), plain, np.array([in_scope, 1 - in_scope])))
        intercepts = np.concatenate([intercepts, np.log([in_scope, 1 - in_scope])])
    bundle = router.bundle
    table = PolicyTable((Policy(0.95, threshold),), Limits(**{"set_mass": {0.95: 0.9}, "unknown": 1.0, **limits}))
    scorer = Scorer(np.zeros((bundle.features.width, len(intercepts)), np.float32), intercepts)
    return replace(router, bundle=replace(bundle, heads=tuple(heads), scorer=scorer, table=table))


@pytest.mark.parametrize("text", KINDS_OF_TEXT.values(), ids=KINDS_OF_TEXT)
@pytest.mark.parametrize("detail", [False, True], ids=["brief", "full"])
def test_every_answer_has_exactly_the_fields_of_the_contract(tiny_router: Router, text: str, detail: bool) -> None:
    answer = said(tiny_router, text, detail)
    assert list(answer) == FIELDS + (DETAIL if detail else [])
    assert list(answer["route"]) == ROUTE
    assert list(answer["urgency"]) == ["id", "name", "probabilities", "raised_by", "cues"]
    if answer["tag"]:
        assert list(answer["tag"]) == ["id", "name", "code", "category", "probability"]
    assert json.loads(json.dumps(answer, ensure_ascii=False, allow_nan=False)) == answer


@pytest.mark.parametrize("text", KINDS_OF_TEXT.values(), ids=KINDS_OF_TEXT)
def test_what_may_be_null_is_what_the_contract_says(tiny_router: Router, text: str) -> None:
    answer = said(tiny_router, text)
    null = {name for name, value in answer.items() if value is None}
    assert null <= {"prediction_id", "source", "id", "answered_at", "revision", "tag", "kind"}
    assert (answer["tag"] is None) == (answer["reason"] in ("no_content", "other_language"))
    assert answer["route"]["queue"]["id"] and answer["route"]["proposed"]["id"]
    assert (answer["tag"] is None) == (answer["candidates"] == [])
    assert len(answer["candidates"]) >= 3 or answer["tag"] is None


def test_nothing_of_the_ledger_is_claimed(tiny_router: Router) -> None:
    answer = said(tiny_router, {"text": "退款", "id": "T-1", "source": "crm"})
    assert [answer[name] for name in ("prediction_id", "source", "answered_at", "revision", "replayed", "dry_run")] == [
        *(None, None, None, None, False, False)
    ]
    assert answer["id"] == "T-1"


def test_a_batch_answers_bit_for_bit_as_each_message_alone(tiny_router: Router, starter_texts: tuple[str, ...]) -> None:
    messages = [Message.from_text(text) for text in (*KINDS_OF_TEXT.values(), *starter_texts[::60])]
    together = tiny_router.answer(messages, detail=True)
    assert together == [tiny_router.answer([message], detail=True)[0] for message in messages]
    assert tiny_router.answer(messages[::-1], detail=True) == together[::-1]


def test_eight_threads_get_the_answers_of_one(tiny_router: Router, starter_texts: tuple[str, ...]) -> None:
    messages = [Message.from_text(text) for text in starter_texts[::150]]
    expected = tiny_router.answer(messages)
    found: dict[int, list[Answer]] = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: tiny_router.answer(messages)})) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[number] == expected for number in range(8))


@given(st.text(min_size=1, max_size=80))
@settings(deadline=None, max_examples=150)
def test_whatever_comes_is_answered(tiny_router: Router, text: str) -> None:
    answer = said(tiny_router, text, detail=True)
    assert answer["decision"] in (AUTO, SUGGEST, HUMAN)
    assert len(answer["masked_text"]) == len(text)


def test_in_trial_nothing_is_auto_and_would_be_says_what_it_would_be(tiny_router: Router) -> None:
    sure = fixed(tiny_router, {"process.refund-delay": 0.9, "process.invoice": 0.1})
    for state, decision, reason in (
        *((PROVEN, AUTO, "confident"), (TRIAL, SUGGEST, "trial"), (BROKEN, SUGGEST, "contract_broken")),
    ):
        answer = said(replace(sure, contract=state), "退款")
        assert (answer["decision"], answer["would_be"], answer["reason"]) == (decision, AUTO, reason)


def test_only_auto_goes_to_the_tags_desk_and_the_rest_to_triage_with_a_proposal(tiny_router: Router) -> None:
    sure = fixed(tiny_router, {"process.refund-delay": 0.9, "process.invoice": 0.1})
    auto, trial = said(sure, "退款"), said(replace(sure, contract=TRIAL), "退款")
    assert auto["route"]["queue"] == auto["route"]["proposed"] == trial["route"]["proposed"]
    assert trial["route"]["queue"]["id"] == "triage"
    assert auto["route"]["queue"]["id"] != "triage"


def test_candidates_hold_the_set_and_at_least_the_best_three(tiny_router: Router) -> None:
    shares = {
        "process.invoice": 0.3,
        "process.refund-delay": 0.4,
        "product.battery": 0.2,
        "product.display": 0.06,
        "service.outage": 0.04,
    }
    answer = said(fixed(tiny_router, shares), "退款")
    assert answer["set_size"] == 3
    assert [c["id"] for c in answer["candidates"]] == ["process.refund-delay", "process.invoice", "product.battery"]
    assert answer["candidates"][0]["name"] == answer["tag"]["name"]
    assert said(fixed(tiny_router, shares, set_mass={0.95: 0.95}), "退款")["set_size"] == 4
    assert len(said(fixed(tiny_router, shares, set_mass={0.95: 0.2}), "退款")["candidates"]) == 3


def test_also_names_at_most_two_further_tags_from_their_bar(tiny_router: Router) -> None:
    shares = {"process.invoice": 0.3, "process.refund-delay": 0.3, "product.battery": 0.2, "product.display": 0.2}
    named = said(fixed(tiny_router, shares, also=0.2), "退款")["also"]
    assert [item["id"] for item in named] == ["process.refund-delay", "product.battery"]
    assert said(fixed(tiny_router, shares, also=0.300001), "退款")["also"] == []


def test_out_of_scope_is_said_by_reason_and_never_takes_the_guess_away(tiny_router: Router) -> None:
    outside = fixed(tiny_router, {"process.refund-delay": 0.9, "process.invoice": 0.1}, in_scope=0.2)
    answer = said(outside, "退款")
    assert (answer["decision"], answer["reason"], answer["set_size"]) == (HUMAN, "noise", 0)
    assert answer["tag"]["id"] == "process.refund-delay"
    assert answer["kind"] is None


def test_a_model_without_urgency_and_kind_says_medium_and_nothing(tiny_router: Router) -> None:
    answer = said(fixed(tiny_router, {"process.refund-delay": 0.9, "process.invoice": 0.1}), "退款")
    assert (answer["urgency"]["id"], answer["urgency"]["probabilities"], answer["kind"]) == ("medium", None, None)


def test_a_further_head_stands_under_heads(tiny_router: Router) -> None:
    router = fixed(tiny_router, {"process.refund-delay": 0.9, "process.invoice": 0.1})
    bundle = router.bundle
    emotion = Head("emotion", ("平静", "愤怒"), 2, Calibration((0.0,) * len(INPUTS)), np.array([0.5, 0.5]))
    scorer = Scorer(
        np.zeros((bundle.features.width, 4), np.float32),
        np.concatenate([bundle.scorer.intercepts, np.log([0.25, 0.75])]),
    )
    answer = said(replace(router, bundle=replace(bundle, heads=(*bundle.heads, emotion), scorer=scorer)), "退款")
    assert answer["heads"] == {"emotion": {"id": "愤怒", "name": "愤怒", "probability": 0.75}}


def test_a_cue_raises_the_tier_and_says_where_it_stands(tiny_router: Router) -> None:
    text = "電飯煲用了兩次就冒煙了"
    urgency = said(fixed(tiny_router, {"product.battery": 0.9, "product.display": 0.1}), text)["urgency"]
    assert (urgency["id"], urgency["name"]) == ("high", "高")
    (cue,) = [cue for cue in urgency["cues"] if cue["id"] == urgency["raised_by"]]
    assert (cue["part"], text[cue["start"] : cue["end"]], cue["text"]) == ("text", "冒煙", "冒煙")


def test_a_cue_in_the_agents_words_raises_nothing(tiny_router: Router) -> None:
    router = fixed(tiny_router, {"product.battery": 0.9, "product.display": 0.1})
    turns = [{"role": "agent", "text": "冒烟了吗"}, {"role": "customer", "text": "充不进电"}]
    assert said(router, {"turns": turns})["urgency"]["cues"] == []
    turns = [{"role": "agent", "text": "您好"}, {"role": "customer", "text": "充电器冒烟了"}]
    assert [cue["part"] for cue in said(router, {"turns": turns})["urgency"]["cues"]] == ["turns/1"]


def test_no_content_is_low_and_for_a_person(tiny_router: Router) -> None:
    answer = said(tiny_router, "😡")
    assert (answer["decision"], answer["reason"], answer["urgency"]["id"], answer["tag"]) == (
        *(HUMAN, "no_content", "low", None),
    )


def test_another_language_is_for_a_person(tiny_router: Router) -> None:
    for text in (KINDS_OF_TEXT["another language"], KINDS_OF_TEXT["korean"]):
        assert said(tiny_router, text)["reason"] == "other_language"


def test_a_time_is_written_with_the_zones_offset_and_read_in_it(tiny_router: Router) -> None:
    sent = {"text": "退款", "received_at": "2026-11-22T01:30:00+00:00"}
    assert said(tiny_router, sent)["received_at"] == "2026-11-22T09:30:00+08:00"
    assert (
        said(tiny_router, {**sent, "received_at": "2026-11-22T09:30:00"})["received_at"] == "2026-11-22T09:30:00+08:00"
    )
    assert said(tiny_router, "退款")["received_at"] == "2026-11-20T12:00:00+08:00"


def test_high_is_received_plus_one_and_twenty_four_hours(tiny_router: Router) -> None:
    answer = said(tiny_router, {"text": "充电宝冒烟起火了", "received_at": "2026-11-21T23:00:00+08:00"})
    received = datetime(2026, 11, 21, 23, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert datetime.fromisoformat(answer["route"]["respond_by"]) == received + timedelta(hours=1)
    assert datetime.fromisoformat(answer["route"]["resolve_by"]) == received + timedelta(hours=24)


def test_probabilities_are_rounded_to_six_digits(tiny_router: Router) -> None:
    answer = said(tiny_router, "退款三天没到账")
    numbers = [c["probability"] for c in answer["candidates"]] + list(answer["urgency"]["probabilities"].values())
    assert numbers == [round(number, 6) for number in numbers]
    assert sum(answer["urgency"]["probabilities"].values()) == pytest.approx(1, abs=2e-6)

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paidan.ledger.draft import drafts_of
from paidan.ledger.ledger import Ledger
from tests.paidan.ledger.sample import answer, entry


def test_a_new_message_gets_an_id_a_first_revision_and_the_senders_time_zone(ledger: Ledger) -> None:
    told = ledger.keep([entry()])[0].answer
    assert len(told["prediction_id"]) == 26
    assert (told["source"], told["id"], told["revision"], told["replayed"]) == ("crm-a", "T-1", 1, False)
    assert told["answered_at"].endswith("+08:00")
    assert {name: told[name] for name in ("tag", "route", "decision")} == {
        name: answer()[name] for name in ("tag", "route", "decision")
    }


def test_the_same_text_gets_the_first_answer_back_even_from_another_model(ledger: Ledger) -> None:
    first = ledger.keep([entry()])[0].answer
    again = ledger.keep([entry(tag="process.invoice")])[0].answer
    assert again == {**first, "replayed": True}
    assert ledger.counts()["predictions"] == 1


def test_another_text_becomes_a_new_revision_and_an_old_text_gets_its_own_answer_back(ledger: Ledger) -> None:
    first = ledger.keep([entry(text="退款没到账")])[0].answer
    second = ledger.keep([entry(text="退款没到账，催了两次")])[0].answer
    late = ledger.keep([entry(text="退款没到账")])[0].answer
    assert (second["revision"], second["replayed"]) == (2, False)
    assert (late["prediction_id"], late["revision"], late["replayed"]) == (first["prediction_id"], 1, True)


def test_another_text_is_refused_when_the_sender_wants_that(ledger: Ledger) -> None:
    first = ledger.keep([entry(text="退款没到账")])[0].answer
    kept = ledger.keep([entry(text="快递丢了", if_changed="error")])[0]
    assert (kept.conflict, kept.answer["prediction_id"]) == (True, first["prediction_id"])
    assert ledger.counts()["predictions"] == 1
    assert not ledger.keep([entry(text="退款没到账", if_changed="error")])[0].conflict


def test_the_same_id_from_another_source_is_another_ticket(ledger: Ledger) -> None:
    told = [kept.answer for kept in ledger.keep([entry(source="crm-a"), entry(source="crm-b")])]
    assert [one["revision"] for one in told] == [1, 1]
    assert told[0]["prediction_id"] != told[1]["prediction_id"]


def test_a_message_without_an_id_is_always_new(ledger: Ledger) -> None:
    told = [kept.answer for kept in ledger.keep([entry(None), entry(None)])] + [ledger.keep([entry(None)])[0].answer]
    assert len({one["prediction_id"] for one in told}) == 3
    assert {(one["revision"], one["replayed"]) for one in told} == {(1, False)}


def test_within_one_batch_the_first_comes_first(ledger: Ledger) -> None:
    texts = ["甲", "甲", "乙", "甲", "丙", "乙"]
    told = [kept.answer for kept in ledger.keep([entry(text=text) for text in texts])]
    assert [(one["revision"], one["replayed"]) for one in told] == [
        *((1, False), (1, True), (2, False)),
        *((1, True), (3, False), (2, True)),
    ]


def test_nothing_to_keep_is_kept(ledger: Ledger) -> None:
    assert ledger.keep([]) == []


def test_the_same_draft_kept_twice_is_one_prediction_and_no_repeat(ledger: Ledger) -> None:
    drafts = drafts_of([entry("T-1"), entry(None)])
    before = [kept.answer for kept in ledger.keep_drafts(drafts)]
    after = [kept.answer for kept in ledger.keep_drafts(drafts)]
    assert before == after
    assert ledger.counts()["predictions"] == 2


def test_fifty_repeats_at_once_make_one_record(ledger: Ledger) -> None:
    together = threading.Barrier(50)

    def send(_: int) -> tuple[str, bool]:
        together.wait()
        told = ledger.keep([entry()])[0].answer
        return told["prediction_id"], told["replayed"]

    with ThreadPoolExecutor(50) as pool:
        told = list(pool.map(send, range(50)))
    assert len({prediction_id for prediction_id, _ in told}) == 1
    assert sorted(replayed for _, replayed in told) == [False] + [True] * 49
    assert ledger.counts()["predictions"] == 1


def test_twenty_texts_under_one_id_at_once_are_twenty_revisions(ledger: Ledger) -> None:
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda n: ledger.keep([entry(text=f"第{n}次来电")])[0].answer["revision"], range(20)))
    assert sorted(told) == list(range(1, 21))


def test_two_that_keep_the_same_tickets_crosswise_both_get_through(url: str) -> None:
    one, two = Ledger.open(url), Ledger.open(url)
    ids = [f"T-{n}" for n in range(40)]
    with ThreadPoolExecutor(2) as pool:
        for round_ in range(5):
            text = f"第{round_}轮"
            there = pool.submit(one.keep, [entry(id, text) for id in ids])
            back = pool.submit(two.keep, [entry(id, text) for id in reversed(ids)])
            told = [kept.answer for kept in there.result() + back.result()]
            assert len({one_["prediction_id"] for one_ in told}) == 40
            assert sum(not one_["replayed"] for one_ in told) == 40
    for opened in (one, two):
        opened.close()


def test_a_stored_answer_reads_as_it_was_sent(ledger: Ledger) -> None:
    told = ledger.keep([entry()])[0].answer
    found = ledger.prediction(told["prediction_id"])
    assert found is not None
    assert {name: found[name] for name in told} == told
    assert found["masked_text"] == "空调修了三次还是不制冷"
    assert found["reviews"] == []
    assert [one["revision"] for one in found["revisions"]] == [1]
    assert ledger.prediction("01JD0000000000000000000000") is None


def test_evidence_and_masked_text_come_back_with_a_repeat(ledger: Ledger) -> None:
    full = entry()
    full = type(full)(
        **{name: getattr(full, name) for name in full.__slots__ if name != "answer"},
        answer={**full.answer, "evidence": [{"term": "制冷", "weight": 1.4}], "masked_text": full.masked_text},
    )
    first = ledger.keep([full])[0].answer
    assert ledger.keep([full])[0].answer == {**first, "replayed": True}


def test_a_large_batch_is_kept_whole(ledger: Ledger) -> None:
    told = [kept.answer for kept in ledger.keep([entry(f"T-{n}") for n in range(2500)])]
    assert [one["id"] for one in told] == [f"T-{n}" for n in range(2500)]
    assert ledger.counts()["predictions"] == 2500
    assert [one["prediction_id"] for one in told] == sorted(one["prediction_id"] for one in told)


@pytest.mark.parametrize(
    "text", ["\x00断网", "a\x00\x00b", "𠮷野家😀", "‮反", "'; DROP TABLE predictions; --", "\\u0000"]
)
def test_any_text_is_kept_at_its_length(ledger: Ledger, text: str) -> None:
    told = ledger.keep([entry(text=text)])[0].answer
    found = ledger.prediction(told["prediction_id"])
    assert found is not None
    assert found["masked_text"] == text.replace("\x00", "␀")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sends=st.lists(st.tuples(st.sampled_from("甲乙丙"), st.sampled_from("一二三四"), st.booleans()), max_size=12))
def test_however_sends_are_grouped_each_text_of_a_ticket_has_one_record(
    ledger: Ledger, sends: list[tuple[str, str, bool]]
) -> None:
    counter = ledger.counts()["predictions"]
    pairs = [(f"{id}-{counter}", text) for id, text, _ in sends]
    told, group = [], []
    for (id, text), (_, _, last) in zip(pairs, sends, strict=True):
        group.append(entry(id, text))
        if last:
            told += ledger.keep(group)
            group = []
    told += ledger.keep(group)
    assert ledger.counts()["predictions"] - counter == len(set(pairs))
    seen: dict[tuple[str, str], str] = {}
    for pair, kept in zip(pairs, told, strict=True):
        assert kept.answer["replayed"] is (pair in seen)
        assert seen.setdefault(pair, kept.answer["prediction_id"]) == kept.answer["prediction_id"]

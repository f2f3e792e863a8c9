"""Which reviews prove a contract: the first blind reading of each would-be-auto answer of that version."""

from __future__ import annotations

from paidan.ledger.audits import AUDIT, readings, uncounted
from paidan.ledger.ledger import Ledger
from tests.paidan.ledger.sample import entry


def kept(ledger: Ledger, id: str, **more: object) -> str:
    made = entry(id)
    made.answer.update(more)  # type: ignore[attr-defined]
    return str(ledger.keep([made])[0].answer["prediction_id"])


def test_only_blind_readings_of_would_be_auto_answers_of_the_version_count(ledger: Ledger) -> None:
    right, wrong, other = (kept(ledger, id) for id in ("T-1", "T-2", "T-3"))
    unsure, older = kept(ledger, "T-4", would_be="suggest"), kept(ledger, "T-5", model="paidan/6")
    ledger.review(right, by="小王", cause=AUDIT)
    ledger.review(wrong, by="小王", tag="process.invoice", cause=AUDIT)
    ledger.review(other, by="小王", tag="process.invoice", cause="改派")
    for one in (unsure, older):
        ledger.review(one, by="小王", cause=AUDIT)
    found = readings(ledger, "paidan/7")
    assert [(one.tag, one.said, one.right) for one in found] == [
        ("product.battery", "product.battery", True),
        ("process.invoice", "product.battery", False),
    ]
    assert uncounted(ledger, "paidan/7") == 1
    assert readings(ledger, "paidan/7", found[-1].review_id) == []


def test_a_second_reader_of_the_same_answer_does_not_count(ledger: Ledger) -> None:
    one = kept(ledger, "T-1")
    ledger.review(one, by="小王", cause=AUDIT)
    ledger.review(one, by="小李", tag=None, cause=AUDIT)
    assert [reading.right for reading in readings(ledger, "paidan/7")] == [True]


def test_no_tag_fits_is_wrong(ledger: Ledger) -> None:
    ledger.review(kept(ledger, "T-1"), by="小王", tag=None, cause=AUDIT)
    assert [reading.right for reading in readings(ledger, "paidan/7")] == [False]

from __future__ import annotations

import pytest

from paidan.errors import LedgerError
from paidan.ledger.ledger import Ledger
from tests.paidan.ledger.sample import entry


@pytest.fixture
def prediction_id(ledger: Ledger) -> str:
    told: str = ledger.keep([entry()])[0].answer["prediction_id"]
    return told


def test_nothing_given_confirms(ledger: Ledger, prediction_id: str) -> None:
    said = ledger.review(prediction_id, by="小王")
    assert said["verdict"] == "confirmed"
    assert said["old"] == said["new"]
    assert [change["kind"] for change in ledger.changes()["changes"]] == ["review"]


def test_the_same_label_given_confirms_and_another_corrects(ledger: Ledger, prediction_id: str) -> None:
    assert ledger.review(prediction_id, by="小王", tag="product.battery")["verdict"] == "confirmed"
    assert ledger.review(prediction_id, by="小王", tag="process.invoice")["verdict"] == "corrected"


def test_a_second_correction_stands_on_the_first(ledger: Ledger, prediction_id: str) -> None:
    ledger.review(prediction_id, by="小王", tag="process.invoice")
    said = ledger.review(prediction_id, by="小李", urgency="high", note="老人在家", cause="急")
    assert said["old"] == {"tag": "process.invoice", "urgency": "medium", "kind": "complaint"}
    assert said["new"] == {"tag": "process.invoice", "urgency": "high", "kind": "complaint"}
    found = ledger.prediction(prediction_id)
    assert found is not None
    assert [(one["by"], one["verdict"], one["note"]) for one in found["reviews"]] == [
        ("小王", "corrected", None),
        ("小李", "corrected", "老人在家"),
    ]
    assert found["tag"]["id"] == "product.battery"  # the answer stays what was said


def test_a_tag_of_none_says_that_no_tag_fits(ledger: Ledger, prediction_id: str) -> None:
    assert ledger.review(prediction_id, by="小王", tag=None)["new"]["tag"] is None


def test_an_unknown_prediction_is_named(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="there is no prediction '01JD'"):
        ledger.review("01JD", by="小王")


@pytest.mark.parametrize(
    ("note", "sentence"), [("\ud800", "half of a surrogate pair"), ("长" * 2001, "2,001 characters")]
)
def test_a_note_that_no_database_holds_is_refused(ledger: Ledger, prediction_id: str, note: str, sentence: str) -> None:
    with pytest.raises(LedgerError, match=sentence):
        ledger.review(prediction_id, by="小王", note=note)
    assert ledger.counts()["reviews"] == 0


def test_corrections_come_out_as_records_with_the_labels_that_stand(ledger: Ledger, prediction_id: str) -> None:
    other = ledger.keep([entry("T-2", "发票一直没开")])[0].answer["prediction_id"]
    ledger.review(prediction_id, by="小王", tag="process.invoice")
    ledger.review(prediction_id, by="小李", urgency="high", cause="急")
    ledger.review(other, by="小王")
    (record,) = ledger.corrections()
    assert {name: record[name] for name in ("id", "source", "text", "tag", "urgency", "kind", "channel", "fields")} == {
        **{"id": "T-1", "source": "crm-a", "text": "空调修了三次还是不制冷", "tag": "process.invoice"},
        **{"urgency": "high", "kind": "complaint", "channel": "phone", "fields": {"region": "华东"}},
    }
    assert [one["id"] for one in ledger.corrections(confirmed=True)] == ["T-1", "T-2"]

"""The gate's records: frozen by hash, recognised by their words, the company's own first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from paidan.errors import GateError
from paidan.message import Message
from train.gate_set import ENOUGH, GateSet, mark_of
from train.records import Record


def record(text: str, tag: str | None, file: str = "starter.jsonl") -> Record:
    return Record(Message.from_text(text), {"tag": tag}, file=file)


def gate_set(*records: Record) -> GateSet:
    return GateSet.of(records, {"starter.jsonl"})


def test_a_set_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    turns = Message.from_dict(
        {"id": "T-1", "turns": [{"role": "agent", "text": "您好"}, {"role": "customer", "text": "退款"}]}
    )
    found = gate_set(
        record("空调不制冷", "product.no-power"), Record(turns, {"tag": None, "scope": "noise"}, file="投诉.csv")
    )
    digest = found.write(tmp_path / "gate.jsonl")
    again = GateSet.read(tmp_path / "gate.jsonl", digest)
    assert again.digest == digest
    assert [one.raw["origin"] for one in again.records] == ["starter", "own"]
    assert [one.message for one in again.records] == [one.message for one in found.records]


def test_a_changed_set_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gate.jsonl"
    digest = gate_set(record("空调不制冷", "product.no-power")).write(path)
    path.write_text(path.read_text(encoding="utf-8").replace("no-power", "battery"), encoding="utf-8")
    with pytest.raises(GateError, match=r"gate\.jsonl was changed after it was frozen"):
        GateSet.read(path, digest)


def test_a_missing_set_is_empty(tmp_path: Path) -> None:
    assert GateSet.read(tmp_path / "nowhere.jsonl", "0" * 64).records == ()


def test_a_mark_is_of_the_words_and_not_of_their_width() -> None:
    assert mark_of(record("ＡＰＰ　閃退", "a")) == mark_of(record("app 闪退", "b"))


def test_a_few_corrected_labels_take_the_place_of_the_frozen_ones() -> None:
    frozen = gate_set(*(record(f"第{n}条", "a") for n in range(20)))
    newer = gate_set(record("第3条", "b"), *(record(f"第{n}条", "a") for n in range(4, 20)), record("新的一条", "a"))
    joined, both, other = frozen.joined(newer)
    assert (both, other, len(joined.records)) == (17, 1, 21)
    assert next(one for one in joined.records if one.text == "第3条").labels["tag"] == "b"


def test_a_set_that_mostly_contradicts_the_frozen_one_does_not_change_it() -> None:
    frozen = gate_set(*(record(f"第{n}条", "a") for n in range(20)))
    joined, both, other = frozen.joined(gate_set(*(record(f"第{n}条", "b") for n in range(20))))
    assert (both, other) == (20, 20)
    assert {one.labels["tag"] for one in joined.records} == {"a"}


def test_the_company_s_own_records_judge_alone_once_there_are_enough() -> None:
    starter = [record(f"起步{n}", "a") for n in range(10)]
    own = [record(f"自己{n}", "a", file="投诉.csv") for n in range(ENOUGH)]
    assert len(gate_set(*starter, *own[:-1]).chosen.records) == 10 + ENOUGH - 1
    assert {one.raw["origin"] for one in gate_set(*starter, *own).chosen.records} == {"own"}


def test_what_was_learned_from_is_left_out() -> None:
    found = gate_set(record("一", "a"), record("二", "a"))
    assert [one.text for one in found.without({mark_of(found.records[0])}).records] == ["二"]
    assert replace(found, records=()).tagged == 0

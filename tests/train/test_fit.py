"""Learning: the same examples give the same bundle, every head is learned, and folds are honest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paidan.errors import RecordsError
from paidan.message import Message
from paidan.taxonomy import Taxonomy
from paidan.workspace import Workspace
from train.commands.options import HEADS
from train.examples import fingerprint, to_examples
from train.fit import Recipe, fit
from train.learn import Learned, Lesson, learn
from train.records import Record

TAXONOMY = Taxonomy.infer(["发票", "物流", "退款"])
WORDS = {"退款": "退款没有到账", "物流": "快递一直不动", "发票": "发票抬头开错了"}


def records(n: int = 30, tags: tuple[str, ...] = ("退款", "物流", "发票")) -> list[Record]:
    rows = []
    for number in range(n):
        tag = tags[number % len(tags)]
        labels: dict[str, str | None] = {"tag": tag, "emotion": "怒" if number % 2 else "平"}
        text = f"{WORDS[tag]}第{'一二三四五六七八九十'[number % 10]}回{'甲乙丙丁戊'[number % 5]}"
        rows.append(Record(Message.from_text(text), labels, group=f"g{number // 3}", style="chat"))
    return rows


def recipe() -> Recipe:
    return replace(Recipe(), folds=2, jobs=1)


def test_the_same_examples_give_the_same_bundle_bit_for_bit(tmp_path: Path) -> None:
    examples = to_examples(records(), ("tag", "emotion"))
    digests = {
        fit(examples, TAXONOMY, recipe(), {"name": "x"}).bundle.save(tmp_path / str(number)) for number in range(2)
    }
    assert len(digests) == 1


def test_any_label_column_becomes_a_head() -> None:
    bundle = fit(to_examples(records(), ("tag", "emotion")), TAXONOMY, recipe(), {}).bundle
    assert [(head.name, head.labels) for head in bundle.heads] == [
        *(("tag", ("发票", "物流", "退款")), ("emotion", ("平", "怒"))),
    ]
    assert [head.start for head in bundle.heads] == [0, 3]
    assert bundle.scorer.weights.shape == (bundle.features.width, 5)


def test_a_prior_is_how_often_a_label_occurred() -> None:
    rows = [*records(30), *records(10, ("退款",))]
    head = fit(to_examples(rows, ("tag",)), TAXONOMY, recipe(), {}).bundle.head("tag")
    assert head is not None
    assert head.prior.tolist() == [10 / 40, 10 / 40, 20 / 40]


def test_a_column_with_a_single_label_is_no_head() -> None:
    rows = [replace(record, labels={**record.labels, "emotion": "平"}) for record in records()]
    bundle = fit(to_examples(rows, ("tag", "emotion")), TAXONOMY, recipe(), {}).bundle
    assert [head.name for head in bundle.heads] == ["tag"]


def test_every_message_has_an_honest_answer() -> None:
    fitted = fit(to_examples(records(), ("tag",)), TAXONOMY, recipe(), {})
    shares = fitted.out_of_fold["tag"]
    assert shares.shape == (30, 3)
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (shares.argmax(axis=1) == np.array([2, 1, 0] * 10)).mean() > 0.9


def test_a_mark_that_only_one_group_bears_does_not_help_its_honest_answer() -> None:
    # Each group has a sign of its own and labels of no other meaning: seen by itself, a sign would give all away.
    rng = np.random.default_rng(0)
    rows = []
    for group in range(20):
        tag = ("退款", "物流")[int(rng.integers(2))]
        sign = "".join(chr(0x4E00 + int(code)) for code in rng.integers(0, 3000, 6))
        rows += [Record(Message.from_text(sign + tail), {"tag": tag}, group=f"g{group}") for tail in "甲乙丙丁"]
    fitted = fit(to_examples(rows, ("tag",)), TAXONOMY, replace(recipe(), folds=4), {})
    labels = fitted.bundle.heads[0].labels
    right = [
        labels[best] == row.labels["tag"]
        for best, row in zip(fitted.out_of_fold["tag"].argmax(axis=1), rows, strict=True)
    ]
    assert 0.2 < np.mean(right) < 0.8


def test_scope_is_learned_from_records_without_a_tag() -> None:
    outside = [
        Record(Message.from_text(f"谢谢你们真好{n}"), {"tag": None, "scope": "praise"}, group=f"p{n}")
        for n in range(10)
    ]
    examples = to_examples([*records(), *outside], ("tag",))
    assert set(examples.labels["scope"]) == {"in_scope", "praise"}
    assert "scope" not in to_examples(records(), ("tag",)).labels


def test_examples_read_as_serving_reads() -> None:
    (text,) = to_examples(
        [Record(Message.from_dict({"title": "投訴", "text": "打13800001111"}), {"tag": "退款"})], ("tag",)
    ).texts
    assert text == "投诉\n打***********"


def test_a_fingerprint_is_of_the_rows_and_not_of_their_order() -> None:
    rows = records()
    assert fingerprint(rows) == fingerprint(rows[::-1])
    assert fingerprint(rows) != fingerprint([replace(rows[0], also=("物流",)), *rows[1:]])
    assert fingerprint(rows) != fingerprint(rows[1:])


@pytest.mark.parametrize(("n", "tags"), [(19, ("退款", "物流")), (40, ("退款",)), (0, ("退款",))])
def test_too_little_is_refused_with_what_is_needed(tiny_home: Path, n: int, tags: tuple[str, ...]) -> None:
    lesson = Lesson(records(n, tags), (), TAXONOMY, HEADS, quick=True)
    with pytest.raises(RecordsError, match=r"at least 20 with 2 tags are needed.*`--column tag=NAME`"):
        learn(Workspace(tiny_home), lesson)


def test_what_was_held_out_was_never_learned_from(tiny_learned: Learned) -> None:
    held = {record.text for record in tiny_learned.held_out_records}
    assert held
    assert tiny_learned.rows["own"] + tiny_learned.rows["held out"] == 12 * 40 + 60
    groups = {record.group for record in tiny_learned.held_out_records if record.group}
    assert len(tiny_learned.held_out) == len(tiny_learned.held_out_records)
    assert groups
    assert tiny_learned.bundle.identity["data"]["rows"] == dict(tiny_learned.rows)


def test_a_trained_model_is_far_better_than_chance(tiny_learned: Learned) -> None:
    assert tiny_learned.honest["tag"]["accuracy"]["value"] > 0.5
    assert tiny_learned.honest["urgency"]["accuracy"]["value"] > 0.5
    assert tiny_learned.honest["tag"]["top3"]["value"] > tiny_learned.honest["tag"]["accuracy"]["value"]

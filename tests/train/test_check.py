from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from paidan.errors import SettingsError
from paidan.message import Message
from paidan.taxonomy import Taxonomy
from train.check import check
from train.claims import Claims
from train.findings import Finding, Report
from train.records import Record, RecordSet, Reject
from train.vocabulary import Vocabulary

HAN = [chr(code) for code in range(0x4E00, 0x5200)]
TAXONOMY = Taxonomy.infer(["退款", "续航", "快递"])


def _record(
    text: str, row: int = 1, file: str = "a.jsonl", labels: Mapping[str, str | None] | None = None, **more: Any
) -> Record:
    return Record(Message.from_text(text), labels or {}, row=row, file=file, **more)


def _distinct(count: int, tag: str | None, seed: int = 0, **more: Any) -> list[Record]:
    draw = random.Random(f"{tag}{seed}")
    return [_record("".join(draw.choices(HAN, k=30)), row, labels={"tag": tag}, **more) for row in range(1, count + 1)]


def _check(records: list[Record], taxonomy: Taxonomy | None = None, **options: Any) -> Report:
    return check(RecordSet(tuple(records)), taxonomy, **options)


def _of(report: Report, code: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == code]


def test_clean_set_has_no_warning() -> None:
    records = [
        record
        for tag in TAXONOMY.ids
        for group in "甲乙丙丁戊"
        for record in _distinct(8, tag, ord(group), group=group)
    ]
    report = _check(records, TAXONOMY)
    assert report.findings == ()
    assert report.ok


def test_rejects_are_errors_gathered_by_problem() -> None:
    rejects = (
        Reject("a.csv", 18, "text: is empty", {}),
        Reject("a.csv", 40, "text: is empty", {}),
        Reject("b.csv", 2, "x", {}),
    )
    report = check(RecordSet((), rejects), None)
    assert [(finding.message, finding.rows) for finding in _of(report, "rejected")] == [
        ("text: is empty", (("a.csv", 18), ("a.csv", 40))),
        ("x", (("b.csv", 2),)),
    ]
    assert not report.ok
    assert report.rejected == 3


def test_scarce_and_missing_tags_are_warnings() -> None:
    report = _check(_distinct(19, "退款") + _distinct(20, "续航"), TAXONOMY)
    missing, few = _of(report, "scarce")
    assert missing.details == ("快递",)
    assert few.details == ("'退款': 19",)
    assert len(few.rows) == 19
    assert report.ok


def test_file_of_tiers_alone_has_no_scarce_tags() -> None:
    assert _of(_check([_record("退款", labels={"urgency": "high"})], TAXONOMY), "scarce") == []


def test_same_text_under_two_tags_is_an_error_and_under_two_tiers_a_warning() -> None:
    records = [
        _record("電池壞了！", 1, labels={"tag": "续航", "urgency": "high", "kind": "complaint"}),
        _record("电池坏了!", 2, labels={"tag": "退款", "urgency": "low", "kind": "complaint"}),
        _record("电池坏了!", 3),
    ]
    tag, tier = _of(_check(records), "conflict")
    assert (tag.level, tier.level) == ("error", "warning")
    assert tag.message == "the same text stands under 2 labels of tag: '续航' and '退款'. Choose one"
    assert tag.rows == (("a.jsonl", 1), ("a.jsonl", 2))


def test_out_of_scope_and_a_tag_are_two_labels() -> None:
    records = [_record("差评", 1, labels={"tag": None}), _record("差评", 2, labels={"tag": "退款"})]
    assert "'out of scope' and '退款'" in _of(_check(records), "conflict")[0].message


def test_near_copies_are_told_with_their_pairs() -> None:
    report = _check([_record("退款三天了还没有到账", 1), _record("发票错了", 2), _record("退款三天了还没有到账！", 3)])
    (found,) = _of(report, "near_duplicate")
    assert found.message.startswith("2 messages (66.7%) have a near copy")
    assert found.details == ("a.jsonl line 1 and a.jsonl line 3 (0.86)",)
    assert found.rows == (("a.jsonl", 1), ("a.jsonl", 3))


@pytest.mark.parametrize(("size", "repeats", "told"), [(100, 3, False), (100, 4, True), (99, 30, False)])
def test_opening_shared_by_more_than_three_in_a_hundred_is_told(size: int, repeats: int, told: bool) -> None:
    records = _distinct(size - repeats, "退款")
    records += [
        _record("客户来电" + record.text, 1000 + record.row, labels=record.labels)
        for record in _distinct(repeats, "退款", 5)
    ]
    found = _of(_check(records), "opening")
    assert bool(found) is told
    if told:
        assert "'退款': 4.0% of its messages open with '客户来电'" in found[0].message
        assert [row for _, row in found[0].rows] == [1001, 1002, 1003, 1004]


def test_run_in_more_than_one_in_two_hundred_messages_is_told_once() -> None:
    phrase = "请你们尽快给我处理好"
    records = _distinct(594, "退款")
    few = [_record(record.text + phrase, 1000 + record.row) for record in _distinct(3, "续航")]
    more = [_record(record.text + phrase, 2000 + record.row) for record in _distinct(1, "快递")]
    assert _of(_check([*records, *_distinct(3, "快递", 9), *few]), "run") == []
    (found,) = _of(_check([*records, *few, *more]), "run")
    assert found.message == "'请你们尽快给我处' is in 4 messages (0.7%, more than 0.5%)"
    assert len(found.rows) == 4


def test_groups_are_judged_by_tag() -> None:
    records = (
        _distinct(20, "退款", group="甲") + _distinct(15, "续航", group="甲") + _distinct(15, "续航", 1, group="乙")
    )
    one, *held = _of(_check(records), "group")
    assert "'续航': group '甲' holds 50% of its messages" in one.message or "'退款'" in one.message
    assert {finding.message.split(":")[0] for finding in (one, *held)} == {"'退款'", "'续航'"}
    assert all(finding.level == "warning" for finding in (one, *held))


def test_records_without_group_stand_alone() -> None:
    assert _of(_check(_distinct(30, "退款") + _distinct(1, "退款", 2, group="甲")), "group") == []
    (found,) = _of(_check(_distinct(30, "退款")), "group")
    assert found.level == "info"


def test_overlap_with_the_test_set_is_an_error() -> None:
    against = [_record("退款三天了還沒有到賬", 7, "test.jsonl"), _record("别的话", 8, "test.jsonl")]
    report = _check([_record("快递丢了", 1), _record("退款三天了还没有到账", 2)], against=against)
    (found,) = _of(report, "overlap")
    assert found.level == "error"
    assert found.details == ("a.jsonl line 2 and test.jsonl line 7 (1.00)",)
    assert found.rows == (("a.jsonl", 2), ("test.jsonl", 7))


def test_vocabulary_is_looked_for_in_its_own_tag() -> None:
    records = [_record("一直不退钱", labels={"tag": "退款"}), _record("钱没到", labels={"tag": "续航"})]
    lists = {
        "退款": Vocabulary.from_text("退款", "[words]\n不退钱 钱没到\n[situations]\n商家不退钱"),
        "旧标签": Vocabulary.from_text("旧标签", "[words]\n甲"),
    }
    report = _check(records, TAXONOMY, vocabulary=lists)
    (words,) = _of(report, "vocabulary_words")
    assert (words.level, words.details) == ("warning", ("钱没到",))
    assert words.message == "'退款': 50.0% of 2 listed words are in its messages; missing:"
    (situations,) = _of(report, "vocabulary_situations")
    assert situations.level in ("info", "warning")
    (unknown,) = _of(report, "vocabulary")
    assert "'旧标签' is no tag of the taxonomy" in unknown.message
    (lexicon,) = _of(report, "lexicon")
    assert lexicon.level == "info"
    assert "钱没到" in lexicon.details


def test_findings_stand_worst_first_and_counts_are_complete() -> None:
    records = [
        _record("差评", 1, labels={"tag": "退款", "urgency": "high", "kind": "complaint"}, style="chat", group="甲"),
        _record("差评", 2, labels={"tag": "续航", "urgency": "high"}, style="chat"),
        _record("广告", 3, labels={"tag": None, "scope": "noise"}),
        Record(Message.from_dict({"text": "无", "channel": "phone"}), {}, row=4, file="a.jsonl"),
    ]
    report = _check(records, TAXONOMY)
    levels = [finding.level for finding in report.findings]
    assert levels == sorted(levels, key=["error", "warning", "info"].index)
    assert report.counts == {
        "labelled": {"tag": 2, "out_of_scope": 1, "unlabelled": 1},
        "tag": {"快递": 0, "续航": 1, "退款": 1},
        "style": {"chat": 2},
        "tier": {"high": 2},
        "kind": {"complaint": 1},
        "scope": {"noise": 1},
        "channel": {"phone": 1},
        "group": {"甲": 1},
    }


def test_nothing_at_all_can_be_checked() -> None:
    assert check(RecordSet(), TAXONOMY, claims=Claims.from_dict({"max_run_share": 0, "max_near_duplicate_share": 0})).ok


CLAIMS = {
    "min_per_tag": 12, "min_without_tag": 5, "min_groups_per_tag": 6, "max_group_share": 0.25,
    "max_near_duplicate_share": 0.01, "max_run_share": 0.03, "max_opening_share": 0.03,
}  # fmt: skip


def _claimed() -> list[Record]:
    tagged = [
        record
        for tag in TAXONOMY.ids
        for group in "甲乙丙丁戊己"
        for record in _distinct(2, tag, ord(group), group=group)
    ]
    return tagged + _distinct(5, None)


def test_claims_that_hold_are_proven() -> None:
    report = _check(_claimed(), TAXONOMY, claims=Claims.from_dict(CLAIMS))
    assert {proof.name for proof in report.proofs} == set(CLAIMS)
    assert all(proof.holds for proof in report.proofs)
    assert report.ok


@pytest.mark.parametrize(
    ("name", "more", "details"),
    [
        ("min_per_tag", [], ()),
        ("min_without_tag", [], ()),
        ("min_groups_per_tag", [], ()),
        ("max_group_share", _distinct(10, "退款", 77, group="甲"), ("'退款': 0.5455",)),
        ("max_near_duplicate_share", [_record("退款三天了还没有到账", 1), _record("退款三天了还没有到账呀", 2)], ()),
        ("max_run_share", [_record(f"{i}请你们尽快给我处理{i}", i) for i in range(5)], ("'请你们尽快给我处'",)),
        (
            "max_opening_share",
            [_record("客户来电" + record.text, labels=record.labels) for record in _distinct(100, "续航", 78)],
            ("'续航': 0.8929",),
        ),
    ],
)
def test_claim_that_fails_is_an_error(name: str, more: list[Record], details: tuple[str, ...]) -> None:
    records = _claimed() + more
    if name.startswith("min_"):
        records = [record for record in records if record.group not in ("甲", None)]
    report = _check(records, TAXONOMY, claims=Claims.from_dict({name: CLAIMS[name]}))
    (found,) = _of(report, "claim")
    assert found.level == "error"
    assert found.message.startswith(f"claim {name} {CLAIMS[name]:g} does not hold: ")
    assert not details or found.details == details
    assert not report.ok


def test_bad_claims_are_all_told(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(
        "min_per_tag: viele\nmax_run_share: 5\nmax_group_share: -1\nunknown: 1\nmin_groups_per_tag: true\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError) as caught:
        Claims.load(path)
    assert len(caught.value.problems) == 5
    assert "unknown claim 'unknown'; allowed are min_per_tag" in str(caught.value)
    with pytest.raises(SettingsError, match="cannot be read"):
        Claims.load(tmp_path / "none.yaml")

"""Records: labels checked, rows set aside, nothing private in what is said about them."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from paidan.errors import RecordsError
from paidan.taxonomy import Taxonomy
from train.profile import Profile
from train.records import RecordSet, read_records

TAXONOMY = Taxonomy.from_dict(
    {
        "tags": [
            {"id": "process.refund-delay", "name": "退款问题-到账延迟", "code": "101"},
            {"id": "product.battery", "name": "产品故障-电池续航", "code": "102"},
            {"id": "service.courier", "name": "快递员问题"},
        ]
    }
)


def _jsonl(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def _csv(path: Path, *rows: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def _read(*paths: Path, **options: Any) -> RecordSet:
    return read_records(paths, **{"taxonomy": TAXONOMY, **options})


@pytest.mark.parametrize("written", ["process.refund-delay", "退款问题-到账延迟", "101", " 101 ", 101])
def test_tag_goes_by_id_name_or_code(tmp_path: Path, written: str | int) -> None:
    found = _read(_jsonl(tmp_path / "a.jsonl", {"text": "退款慢", "tag": written}))
    assert found.records[0].labels == {"tag": "process.refund-delay"}
    assert found.records[0].raw == {"text": "退款慢", "tag": written}


def test_unknown_tag_is_set_aside_with_a_suggestion(tmp_path: Path) -> None:
    found = _read(_csv(tmp_path / "complaints.csv", ["text", "tag"], ["秘密", "退款问题-到账慢"], ["好", "101"]))
    assert found.report() == [
        "complaints.csv line 2: tag '退款问题-到账慢' is not in the taxonomy. Did you mean 'process.refund-delay'?"
    ]
    assert [record.row for record in found.records] == [3]


def test_text_in_the_tag_column_is_not_echoed(tmp_path: Path) -> None:
    secret = "我的电话是13800001111请尽快回电" * 4
    found = _read(_jsonl(tmp_path / "a.jsonl", {"text": secret, "tag": secret, "urgency": secret}))
    assert len(found.rejects) == 1
    assert "138" not in found.report()[0]
    assert f"tag of {len(secret)} characters is not in the taxonomy" in found.report()[0]


def test_null_tag_is_out_of_scope_and_a_missing_one_not_labelled(tmp_path: Path) -> None:
    rows = ({"text": "广告", "tag": None}, {"text": "退款"}, {"text": "退款", "tag": ""})
    found = _read(_jsonl(tmp_path / "a.jsonl", *rows))
    assert [record.labels for record in found.records] == [{"tag": None}, {}, {}]


def test_empty_cell_is_not_labelled_unless_said_otherwise(tmp_path: Path) -> None:
    path = _csv(tmp_path / "a.csv", ["text", "tag", "urgency"], ["广告", "", ""])
    assert _read(path).records[0].labels == {}
    assert _read(path, blank_tag="out_of_scope").records[0].labels == {"tag": None}


def test_null_of_another_head_is_not_labelled(tmp_path: Path) -> None:
    found = _read(_jsonl(tmp_path / "a.jsonl", {"text": "退款", "urgency": None, "kind": None, "scope": None}))
    assert found.records[0].labels == {}


@pytest.mark.parametrize(
    ("head", "written", "read"),
    [
        ("urgency", "高", "high"), ("urgency", "中", "medium"), ("urgency", "低", "low"), ("urgency", "High", "high"),
        ("kind", "投诉", "complaint"), ("kind", "咨询", "inquiry"), ("kind", "建议", "suggestion"),
        ("kind", "inquiry", "inquiry"), ("scope", "other_grievance", "other_grievance"),
    ],
)  # fmt: skip
def test_heads_are_read_in_chinese_and_english(tmp_path: Path, head: str, written: str, read: str) -> None:
    assert _read(_jsonl(tmp_path / "a.jsonl", {"text": "退款", head: written})).records[0].labels == {head: read}


def test_unknown_values_say_what_is_allowed_and_all_at_once(tmp_path: Path) -> None:
    row = {"text": "退款", "urgency": "紧急", "kind": ["投诉"], "scope": "spam", "also": ["102", "x"], "tag": "101"}
    (reject,) = _read(_jsonl(tmp_path / "a.jsonl", row)).rejects
    assert reject.problem.split("; ") == [
        "urgency '紧急' is unknown",
        "allowed are high, medium, low, 高, 中, 低",
        "kind: expected a text, found a list",
        "scope 'spam' is unknown",
        "allowed are noise, praise, other_language, other_grievance",
        "also 'x' is not in the taxonomy. Its 3 tags go by id, name or code",
    ]


def test_scope_beside_a_tag_is_a_contradiction(tmp_path: Path) -> None:
    (reject,) = _read(_jsonl(tmp_path / "a.jsonl", {"text": "退款", "tag": "101", "scope": "noise"})).rejects
    assert "`scope` is for records without a tag" in reject.problem


@pytest.mark.parametrize(
    "also", [["102", "快递员问题", "101", "102"], "102;快递员问题", "102；快递员问题；", "101; 102 ；service.courier"]
)
def test_further_tags_come_as_a_list_or_joined(tmp_path: Path, also: Any) -> None:
    found = _read(_jsonl(tmp_path / "a.jsonl", {"text": "退款", "tag": "101", "also": also}))
    assert found.records[0].also == ("product.battery", "service.courier")


def test_labels_are_taken_as_they_are_without_a_taxonomy(tmp_path: Path) -> None:
    found = _read(
        _jsonl(tmp_path / "a.jsonl", {"text": "明天天气", "tag": " weather_query ", "also": "x;y"}), taxonomy=None
    )
    assert (found.records[0].labels["tag"], found.records[0].also) == ("weather_query", ("x", "y"))


def test_further_head_is_read_when_asked_for(tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "a.jsonl", {"text": "退款", "emotion": "愤怒", "x": 1}, {"text": "好", "emotion": ""})
    found = _read(path, heads=("tag", "emotion"))
    assert [record.labels for record in found.records] == [{"emotion": "愤怒"}, {}]
    assert _read(path).records[0].labels == {}


def test_needed_labels_set_aside_rows_and_refuse_files_without_any(tmp_path: Path) -> None:
    some = _jsonl(tmp_path / "some.jsonl", {"text": "一", "tag": "101"}, {"text": "二"}, {"text": "三", "kind": "投诉"})
    found = _read(some, need_labels=True)
    assert [record.row for record in found.records] == [1, 3]
    assert found.report() == ["some.jsonl line 2: carries no label; at least one of tag, urgency, kind is needed"]
    none = _csv(tmp_path / "none.csv", ["text", "一级标签"], ["退款", "101"])
    with pytest.raises(
        RecordsError, match=r"none\.csv: no label column .* Found: 'text', '一级标签'\. Try `--column tag=NAME`"
    ):
        _read(none, need_labels=True)
    with pytest.raises(RecordsError, match=r"some\.jsonl: no column 'emotion'"):
        _read(some, need_labels=True, heads=("tag", "emotion"))
    assert len(_read(none).records) == 1


def test_column_no_json_line_has_is_an_error(tmp_path: Path) -> None:
    path = _jsonl(tmp_path / "a.jsonl", {"正文": "退款", "label": "101"})
    with pytest.raises(RecordsError, match=r"no column '标签'\. Found: '正文', 'label'\. Correct `--column tag=…`"):
        _read(path, columns={"text": "正文", "tag": "标签"})


def test_files_of_our_own_names_are_read_beside_mapped_ones(tmp_path: Path) -> None:
    theirs = _csv(tmp_path / "theirs.csv", ["留言", "标签"], ["退款", "101"])
    ours = _jsonl(tmp_path / "ours.jsonl", {"text": "续航", "tag": "102"})
    found = _read(theirs, ours, columns={"text": "留言", "tag": "标签"})
    assert [(record.text, record.labels["tag"]) for record in found.records] == [
        ("退款", "process.refund-delay"),
        ("续航", "product.battery"),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"text": ""}, "text: is empty"),
        ({"text": None}, "text: is missing"),
        ({"text": 12}, "text: expected a text, found a number"),
        ({"text": ["秘密"]}, "text: expected a text, found a list"),
        ({"text": "秘" * 10_001}, "text: 10,001 code points"),
        ({"text": "秘密\ud800"}, "text: holds half of a surrogate pair"),
        ({"text": "秘密", "tag": "\ud800"}, "tag: holds half of a surrogate pair"),
        ({"text": "秘密", "also": 3}, "also: expected a list of tags"),
        ({"text": "秘密", "also": [["x"]]}, "also: expected tags, found a list"),
        ({"text": "秘密", "style": {}}, "style: expected a text"),
        ({"text": "秘密", "group": "\ud800"}, "group: expected a text of valid Unicode"),
        ({"text": "秘密", "received_at": "昨天"}, "received_at: is not ISO 8601"),
        ({"text": "秘密", "turns": []}, "turns: send `text` or `turns`, not both"),
        ({"text": "秘密", "tag": True}, "tag: expected a text, found true/false"),
        ({"text": "秘密", "tag": {"id": "101"}}, "tag: expected a text, found an object"),
    ],
)
def test_bad_row_is_set_aside_and_the_rest_goes_on(tmp_path: Path, row: dict[str, Any], problem: str) -> None:
    path = tmp_path / "a.jsonl"
    lines = [json.dumps(entry) for entry in ({"text": "好"}, row, {"text": "好"})]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = _read(path)
    assert len(found.records) == 2
    assert found.rejects[0].problem.startswith(problem)
    assert found.rejects[0].row == 2
    assert "秘" not in found.report()[0]
    found.report()[0].encode()
    found.write_rejects(tmp_path / "rejects.jsonl")
    assert json.loads((tmp_path / "rejects.jsonl").read_text(encoding="utf-8"))["raw"] == row


def test_surrogate_in_a_column_name_can_still_be_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"\\ud800": "退款"}\n', encoding="utf-8")
    with pytest.raises(RecordsError) as caught:
        _read(path)
    str(caught.value).encode()


def test_report_shows_ten_and_how_many_more(tmp_path: Path) -> None:
    found = _read(_jsonl(tmp_path / "a.jsonl", *[{"text": ""} for _ in range(51)], {"text": "好"}))
    lines = found.report()
    assert len(lines) == 11
    assert lines[0].startswith("a.jsonl line 1: text: is empty")
    assert lines[-1] == "… and 41 more"
    assert found.report(limit=100)[-1].startswith("a.jsonl line 51")


@pytest.mark.parametrize(("bad", "good", "too_many"), [(0, 100, False), (1, 99, False), (2, 98, True), (3, 0, True)])
def test_one_bad_row_in_a_hundred_is_borne(tmp_path: Path, bad: int, good: int, too_many: bool) -> None:
    rows = [{"text": ""}] * bad + [{"text": "好"}] * good
    found = _read(_jsonl(tmp_path / "a.jsonl", *rows))
    assert found.too_many() is too_many
    assert found.too_many(max_bad=1.0) is False


def test_all_bad_files_are_named_at_once(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(RecordsError) as caught:
        _read(empty, tmp_path / "no.jsonl", _csv(tmp_path / "c.csv", ["内容"], ["退款"]))
    assert str(caught.value).splitlines() == [
        "empty.csv: holds no records",
        "no.jsonl: not found",
        "c.csv: no column 'text'. Found: '内容'. Try `--column text=内容`",
    ]


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    paths = [_jsonl(tmp_path / "a.jsonl", {"text": "一"}), _jsonl(tmp_path / "b" / "a.jsonl", {"text": "二"})]
    assert [record.file for record in _read(*paths).records] == [str(path) for path in paths]


def test_rejects_are_written_as_csv_for_a_spreadsheet(tmp_path: Path) -> None:
    found = _read(_csv(tmp_path / "a.csv", ["编号", "text", "tag"], ["7", "退款", "没有"]))
    found.write_rejects(tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["row"], row["编号"], row["text"]) == ("2", "7", "退款")
    with pytest.raises(RecordsError, match=r"rejects are written to \.jsonl or \.csv, not '\.doc'"):
        found.write_rejects(tmp_path / "r.doc")
    with pytest.raises(RecordsError, match="cannot be written"):
        found.write_rejects(tmp_path / "no" / "r.csv")


def test_turns_and_fields_come_as_json_in_a_cell(tmp_path: Path) -> None:
    turns = json.dumps([{"role": "customer", "text": "退款"}, {"role": "agent", "text": "好的"}], ensure_ascii=False)
    path = _csv(
        tmp_path / "a.csv", ["id", "text", "turns", "fields"], ["1", "", turns, '{"区": "A3"}'], ["2", "", "[", "x"]
    )
    found = _read(path)
    assert found.records[0].text == "退款"
    assert found.records[0].message.fields == {"区": "A3"}
    assert found.rejects[0].problem.startswith("turns: expected a list")


@pytest.mark.parametrize(
    "written",
    ["2026-11-02T09:30:00", "2026-11-02 09:30", "2026/11/2 9:30", "2026年11月2日 09:30:00", "2026.11.02 9:30"],
)
def test_times_of_spreadsheets_are_read_in_the_zone(tmp_path: Path, written: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = _read(_csv(tmp_path / "a.csv", ["text", "received_at"], ["退款", written]), timezone=zone)
    assert found.records[0].message.received_at == datetime.datetime(2026, 11, 2, 9, 30, tzinfo=zone)


def test_ugly_chinese_workbook_is_read_by_its_profile(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["说明：本表由系统导出"])
    sheet = book.create_sheet("投诉明细")
    for row in (
        ["2026年11月客户投诉明细表", None, None, None, None, None, None, None],
        ["序号", "留言详情", "一级标签", "紧急程度", "类型", "其他标签", "来源渠道", "留言时间", "产品线", "产品线"],
        [
            1,
            "手机充不进电",
            "电池",
            "特急",
            "投诉",
            "快递员问题；退款",
            "电话",
            datetime.datetime(2026, 11, 2, 9, 30),
            "手机",
            "P9",
        ],
        [2, 12345, 101, "一般", "咨询", None, "微信", "2026/11/3 8:05", None, None],
        [None] * 8,
        [3, "加盟合作", None, None, None, None, None, None],
        [4, "你好", "闲聊", None, None, None, None, None],
        [5, "退款", "没这个", "一般", None, None, None, None],
    ):
        sheet.append(row)
    book.save(tmp_path / "ugly.xlsx")
    path = tmp_path / "profile.yaml"
    path.write_text(
        "columns: {text: 留言详情, tag: 一级标签, urgency: 紧急程度, kind: 类型, also: 其他标签,"
        " channel: 来源渠道, received_at: 留言时间, id: 序号}\n"
        "values:\n"
        "  tag: {电池: product.battery, 退款: '101', 闲聊: null}\n"
        "  urgency: {特急: high, 一般: medium}\n"
        "  channel: {电话: phone, 微信: social}\n"
        "sheet: 投诉明细\nblank_tag: out_of_scope\n",
        encoding="utf-8",
    )
    profile = Profile.load(path)
    found = _read(
        tmp_path / "ugly.xlsx",
        columns=profile.columns, values=profile.values, sheet=profile.sheet, blank_tag=profile.blank_tag,
    )  # fmt: skip
    first, second, third, fourth = found.records
    assert first.labels == {"tag": "product.battery", "urgency": "high", "kind": "complaint"}
    assert first.also == ("service.courier", "process.refund-delay")
    assert (first.message.id, first.message.channel, first.row) == ("1", "phone", 3)
    assert list(first.raw)[-2:] == ["产品线", "产品线 (2)"]
    assert (second.text, second.labels["tag"], second.message.channel) == ("12345", "process.refund-delay", "social")
    assert second.message.received_at == datetime.datetime(2026, 11, 3, 8, 5)
    assert (third.labels, third.row) == ({"tag": None}, 6)
    assert fourth.labels == {"tag": None}
    assert found.report() == [
        "ugly.xlsx line 8: tag '没这个' is not in the taxonomy. Its 3 tags go by id, name or code"
    ]


def test_style_and_group_are_kept(tmp_path: Path) -> None:
    found = _read(
        _jsonl(tmp_path / "a.jsonl", {"text": "退款", "style": "chat", "group": 7}, {"text": "慢", "group": ""})
    )
    assert [(record.style, record.group) for record in found.records] == [("chat", "7"), ("", None)]

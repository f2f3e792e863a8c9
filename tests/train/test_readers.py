"""Files as they come: every kind, every encoding, every way of being broken."""

from __future__ import annotations

import csv
import datetime
import json
import warnings
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from paidan.errors import RecordsError
from train.readers import read_raw
from train.rows import BadRow


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _read(path: Path, **options: Any) -> list[tuple[int, Any]]:
    return [(number, row.problem if isinstance(row, BadRow) else row) for number, row in read_raw(path, **options)]


def test_json_lines_keep_order_of_columns_and_count_blank_lines(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", '{"乙": 1, "text": "不制冷", "甲": null}\n\n{"text": "退款"}')
    rows = _read(path)
    assert rows == [(1, {"乙": 1, "text": "不制冷", "甲": None}), (3, {"text": "退款"})]
    assert list(rows[0][1]) == ["乙", "text", "甲"]


def test_line_separators_inside_a_text_are_no_line_ends(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", '{"text": "退\u2028款\x85了"}\r\n{"text": "二"}\r\n')
    assert _read(path) == [(1, {"text": "退\u2028款\x85了"}), (2, {"text": "二"})]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_byte_order_mark_is_tolerated(tmp_path: Path, name: str) -> None:
    body = '{"text": "退款"}\n' if name == "a.jsonl" else "text\n退款\n"
    path = _write(tmp_path / name, "\ufeff" + body)
    assert [row for _, row in _read(path)] == [{"text": "退款"}]
    assert [row for _, row in _read(path, encoding="gb18030")] == [{"text": "退款"}]


def test_utf_16_of_a_spreadsheet_is_known_by_its_mark(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tsv", "编号\ttext\n1\t退款\n".encode("utf-16"))
    assert _read(path) == [(2, {"编号": "1", "text": "退款"})]


@pytest.mark.parametrize(("name", "line"), [("a.csv", 1), ("b.csv", 3), ("c.jsonl", 2)])
def test_gbk_file_is_an_error_with_line_and_advice(tmp_path: Path, name: str, line: int) -> None:
    bodies = {
        "a.csv": "编号,text\n1,退款",
        "b.csv": "id,text\n1,abc\n2,退款\n",
        "c.jsonl": '{"text": "abc"}\n{"text": "退款"}\n',
    }
    path = _write(tmp_path / name, bodies[name].encode("gbk"))
    with pytest.raises(RecordsError, match=rf"^{name} line {line}: is not utf-8\. Try `--encoding gb18030`$"):
        _read(path)
    assert _read(path, encoding="gb18030")[-1][1]["text"] == "退款"


def test_utf_8_read_as_gb18030_is_sent_back(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "text\n退款慢\n")
    with pytest.raises(RecordsError, match=r"a\.csv line 2: is not gb18030\. Try `--encoding utf-8`"):
        _read(path, encoding="gb18030")


def test_one_damaged_line_is_set_aside_once_the_encoding_is_proven(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "a.jsonl", '{"text": "退款"}\n'.encode() + b'{"text": "\xff\xfe"}\n' + '{"text": "慢"}'.encode()
    )
    rows = _read(path)
    assert [number for number, _ in rows] == [1, 2, 3]
    assert rows[1][1] == "is not utf-8. Save the file as UTF-8, or repair the line"


def test_unknown_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"unknown encoding 'klingon'. Usual ones are utf-8, gb18030"):
        _read(_write(tmp_path / "a.csv", "text\n1\n"), encoding="klingon")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", ""),
        ("a.jsonl", "\n \n"),
        ("a.csv", ""),
        ("a.csv", "text,tag\n"),
        ("a.csv", "\ufeff"),
        ("a.csv", "text,tag\n,\n\n"),
    ],
)
def test_empty_file_holds_no_records(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(RecordsError, match=rf"^{name}: holds no records$"):
        _read(_write(tmp_path / name, content))


def test_missing_file_folder_and_foreign_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(RecordsError, match=r"^no\.csv: not found$"):
        _read(tmp_path / "no.csv")
    with pytest.raises(RecordsError, match=r"folder\.csv: is a folder"):
        _read(tmp_path / "folder.csv")
    with pytest.raises(RecordsError, match=r"'\.xls' cannot be read; allowed are \.jsonl .*\. Save it as \.xlsx"):
        _read(tmp_path / "a.xls")
    with pytest.raises(RecordsError, match=r"Write one object a line and call it \.jsonl"):
        _read(tmp_path / "a.json")


def test_missing_text_column_lists_what_is_there_and_guesses_the_longest(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "编号,留言详情,一级标签\n1,空调不制冷已经三天了,维修\n")
    with pytest.raises(RecordsError) as caught:
        _read(path)
    assert str(caught.value) == (
        "a.csv: no column 'text'. Found: '编号', '留言详情', '一级标签'. Try `--column text=留言详情`"
    )
    path = _write(tmp_path / "a.jsonl", '{"id": "1", "正文": "空调不制冷"}\n')
    with pytest.raises(RecordsError, match="Try `--column text=正文`"):
        _read(path, columns={"text": "内容"})


def test_mapped_column_that_a_table_lacks_is_an_error(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "留言,标签\n不制冷,维修\n")
    with pytest.raises(RecordsError, match=r"no column '一级标签'\. Found: '留言', '标签'\. Correct `--column`"):
        _read(path, columns={"text": "留言", "tag": "一级标签"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_seen_in_the_header(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([["id", "text"], ["1", 'a,b;c\t"d"\n第二行']])
    assert _read(path) == [(2, {"id": "1", "text": 'a,b;c\t"d"\n第二行'})]


def test_rows_carry_the_line_they_begin_on(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", 'text,tag\n\n"一\n\n二",甲\n三,乙\n')
    assert _read(path) == [(3, {"text": "一\n\n二", "tag": "甲"}), (6, {"text": "三", "tag": "乙"})]


@pytest.mark.parametrize("word", ["NA", "null", "None", "nan"])
def test_words_for_nothing_stay_texts(tmp_path: Path, word: str) -> None:
    assert _read(_write(tmp_path / "a.csv", f"text\n{word}\n")) == [(2, {"text": word})]
    book = openpyxl.Workbook()
    book.active.append(["text"])
    book.active.append([word])
    book.save(tmp_path / "a.xlsx")
    assert _read(tmp_path / "a.xlsx") == [(2, {"text": word})]


def test_short_rows_are_filled_and_long_rows_set_aside(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "text,tag\n退款\n慢,甲,\n秘密,甲,乙\n")
    assert _read(path) == [
        (2, {"text": "退款", "tag": ""}),
        (3, {"text": "慢", "tag": "甲"}),
        (4, "has 3 cells where the header names 2; put texts that hold ',' in quotes"),
    ]


def test_quote_that_is_never_closed_counts_every_line_it_swallows(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", 'text,tag\n好,甲\n"秘密,甲\n二,甲\n三,甲\n')
    rows = _read(path)
    assert [number for number, _ in rows] == [2, 3, 4, 5]
    assert "opens a quote that is never closed" in rows[1][1]
    assert rows[3][1] == "stands inside the quote opened on line 3"


def test_stray_quote_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", 'text,tag\n"他说"好"的",甲\n二,甲\n')
    assert _read(path) == [
        (2, "has a quote inside a quoted cell. Double it to mean the character itself"),
        (3, {"text": "二", "tag": "甲"}),
    ]


def test_endless_cell_is_set_aside_without_changing_the_process(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    path = _write(tmp_path / "a.csv", "text\n" + "长" * (limit + 1) + "\n短\n")
    rows = _read(path)
    assert "more than 131,072 characters" in rows[0][1]
    assert rows[1] == (3, {"text": "短"})
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_nul_bytes_are_set_aside(tmp_path: Path, name: str) -> None:
    good, bad = ("退款", "坏\x00") if name == "a.csv" else ('{"text": "退款"}', '{"text": "坏\x00"}')
    path = _write(tmp_path / name, ("text\n" if name == "a.csv" else "") + f"{good}\n{bad}\n{good}\n")
    rows = _read(path)
    assert [row for _, row in rows if isinstance(row, str)] == ["holds NUL bytes; the line is damaged"]
    assert len(rows) == 3


def test_utf_16_without_mark_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"line 1: holds NUL bytes\. Try `--encoding utf-16`"):
        _read(_write(tmp_path / "a.csv", "text\n退款\n".encode("utf-16-le")))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"text": "秘密', "is not whole JSON (column 10: Unterminated string starting at)"),
        ("秘密", "is not whole JSON (column 1: Expecting value)"),
        ('["秘密"]', "holds a list; each line must hold one object"),
        ('"秘密"', "holds a text; each line must hold one object"),
        ("17", "holds a number; each line must hold one object"),
        ("null", "holds null; each line must hold one object"),
        ('{"text": "秘密", "x": NaN}', "holds NaN, which is no JSON; write null"),
        ('{"text": "秘密", "x": -Infinity}', "holds -Infinity, which is no JSON; write null"),
        ('{"text": "秘密", "x": 1e999}', "holds a number beyond all bounds, which is no JSON"),
        ('{"text": "秘密", "x": ' + "9" * 5000 + "}", "is not JSON that can be read"),
        ("[" * 100_000, "is not JSON that can be read"),
    ],
)
def test_broken_json_is_set_aside_without_its_text(tmp_path: Path, line: str, problem: str) -> None:
    path = _write(tmp_path / "a.jsonl", '{"text": "好"}\n' + line + '\n{"text": "好"}\n')
    rows = _read(path)
    assert len(rows) == 3
    assert rows[1][0] == 2
    assert rows[1][1].startswith(problem)
    assert "秘密" not in rows[1][1]


def test_columns_get_names_that_differ(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", " text ,,日期,日期\n退款,x,1,2\n")
    assert _read(path) == [(2, {"text": "退款", "column 2": "x", "日期": "1", "日期 (2)": "2"})]
    with pytest.raises(RecordsError, match="column 'text' is there twice"):
        _read(_write(tmp_path / "b.csv", "text,text\n退款,x\n"))


def test_workbook_round_trip_keeps_types_and_line_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["text", "工单号", "时间", "备注"])
    sheet.append(["不制冷_x000D_", 1001, datetime.datetime(2026, 11, 2, 9, 30), None])
    sheet["A5"] = "退款"
    book.create_sheet("其他").append(["text"])
    book.save(tmp_path / "a.xlsx")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = _read(tmp_path / "a.xlsx")
    assert rows == [
        (2, {"text": "不制冷\r", "工单号": 1001, "时间": datetime.datetime(2026, 11, 2, 9, 30), "备注": ""}),
        (5, {"text": "退款", "工单号": "", "时间": "", "备注": ""}),
    ]
    with pytest.raises(RecordsError, match="holds no records"):
        _read(tmp_path / "a.xlsx", sheet="其他")
    with pytest.raises(RecordsError, match=r"no sheet '三月'. Found: Sheet, 其他. Correct `--sheet`"):
        _read(tmp_path / "a.xlsx", sheet="三月")


def test_title_above_a_workbook_table_is_passed_over(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["2026年11月投诉汇总表"], [], ["序号", "留言详情"], [1, "不制冷"]):
        book.active.append(row)
    book.active.merge_cells("A1:B1")
    book.save(tmp_path / "a.xlsx")
    assert _read(tmp_path / "a.xlsx", columns={"text": "留言详情"}) == [(4, {"序号": 1, "留言详情": "不制冷"})]


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04 damaged"])
def test_damaged_workbook_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RecordsError, match=r"a\.xlsx: is not an XLSX workbook, or is damaged"):
        _read(_write(tmp_path / "a.xlsx", content))


def test_json_lines_are_streamed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(5000):
            file.write(json.dumps({"text": f"第{number}条"}, ensure_ascii=False) + "\n")
        file.write("{half")
    rows = read_raw(path)
    assert next(rows) == (1, {"text": "第0条"})
    *_, last = rows
    assert last[0] == 5001
    assert isinstance(last[1], BadRow)

"""Answering a whole file: one row in, one row out, in order, and on from where it stopped."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from paidan.errors import RecordsError
from paidan.message import Message
from paidan.router import Router
from train.answer_file import ADDED, ADDED_ROUTE, AnswerFile
from train.profile import Profile

ROWS: list[Any] = [
    {"id": "1", "text": "退款三天没到账"},
    {"id": "2", "text": ""},
    {"id": 3, "text": "屏幕碎了"},
    "{broken",
    {"id": "\ud800", "text": "半个字\ud800"},
    {"id": "6", "turns": [{"role": "customer", "text": "物业停水两天了"}]},
    {"text": "=1+1"},
]


def jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text(
        "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8"
    )
    return path


def answers(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def answer_file(router: Router, source: Path, target: Path, **profile: Any) -> AnswerFile:
    return AnswerFile(source, target, router, Profile(**profile))


def test_every_row_gets_an_answer_or_a_problem_in_its_place(tiny_router: Router, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    counts = answer_file(tiny_router, jsonl(tmp_path / "in.jsonl", ROWS), target).run()
    assert counts == (4, 3, 0)
    found = answers(target)
    assert [("error" in one, one["id"]) for one in found] == [
        *((False, "1"), (True, "2"), (False, "3"), (True, None), (True, "\ufffd"), (False, "6"), (False, None)),
    ]
    assert found[0] == tiny_router.answer([Message.from_dict(ROWS[0])])[0]
    assert found[1]["error"]["field"] == "text"
    assert found[3]["error"]["status"] == 400
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_table_keeps_its_own_columns_in_order_and_gets_ours(tiny_router: Router, tmp_path: Path, suffix: str) -> None:
    source, target = tmp_path / "in.csv", tmp_path / f"out{suffix}"
    source.write_text("编号,留言,备注\n007,退款三天没到账,NA\n008,,null\n009,屏幕碎了,=1+1\n", encoding="utf-8-sig")
    assert answer_file(tiny_router, source, target, columns={"text": "留言", "id": "编号"}).run() == (2, 1, 0)
    if suffix == ".csv":
        with target.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = list(csv.reader(file))
    else:
        head, *rows = [
            ["" if cell is None else str(cell) for cell in row]
            for row in load_workbook(target).active.iter_rows(values_only=True)
        ]
    assert head == ["编号", "留言", "备注", *ADDED, *ADDED_ROUTE]
    assert [row[0] for row in rows] == ["007", "008", "009"]
    assert [row[2] for row in rows[:2]] == ["NA", "null"]
    assert rows[0][3] == "process.refund-delay"
    assert rows[1][3] == "" and "text: is empty" in rows[1][-1]
    if suffix == ".xlsx":
        assert rows[2][2] == "'=1+1"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_half_a_surrogate_pair_does_not_stop_a_table(tiny_router: Router, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    assert answer_file(tiny_router, jsonl(tmp_path / "in.jsonl", ROWS), target).run()[:2] == (4, 3)
    assert target.is_file()


def test_a_workbook_is_read_like_any_table(tiny_router: Router, tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["id", "text"])
    book.active.append([12, "退款三天没到账"])
    book.save(tmp_path / "in.xlsx")
    answer_file(tiny_router, tmp_path / "in.xlsx", tmp_path / "out.jsonl").run()
    (found,) = answers(tmp_path / "out.jsonl")
    assert (found["id"], found["tag"]["id"]) == ("12", "process.refund-delay")


def test_a_stopped_run_goes_on_where_it_was(tiny_router: Router, tmp_path: Path) -> None:
    source = jsonl(tmp_path / "in.jsonl", [{"id": str(n), "text": f"退款没到账{n}"} for n in range(50)])
    whole, stopped = tmp_path / "whole.jsonl", tmp_path / "stopped.jsonl"
    answer_file(tiny_router, source, whole).run()

    class Stop(Exception):
        pass

    run = answer_file(tiny_router, source, stopped)

    def stop(rows: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        run.run(stop)
    lines = whole.read_bytes().splitlines(keepends=True)
    run.part.write_bytes(b"".join(lines[:20]) + lines[20][:30])
    assert run.run() == (30, 0, 20)
    assert [one["id"] for one in answers(stopped)] == [str(n) for n in range(50)]
    assert stopped.read_bytes().splitlines(keepends=True)[:20] == lines[:20]


@pytest.mark.parametrize("note", ["", "{", '{"input": "elsewhere"}'])
def test_a_part_of_another_run_or_a_torn_note_is_begun_anew(tiny_router: Router, tmp_path: Path, note: str) -> None:
    run = answer_file(tiny_router, jsonl(tmp_path / "in.jsonl", ROWS[:1]), tmp_path / "out.jsonl")
    run.part.write_text('{"id": "old"}\n', encoding="utf-8")
    run.note.write_text(note, encoding="utf-8")
    assert run.run() == (1, 0, 0)
    assert [one["id"] for one in answers(run.target)] == ["1"]


def test_a_changed_input_is_begun_anew(tiny_router: Router, tmp_path: Path) -> None:
    source = jsonl(tmp_path / "in.jsonl", ROWS[:1])
    run = answer_file(tiny_router, source, tmp_path / "out.jsonl")
    run.part.write_text('{"id": "old"}\n', encoding="utf-8")
    run.note.write_text(json.dumps(run._identity()), encoding="utf-8")
    jsonl(source, [{"id": "9", "text": "屏幕碎了"}, {"id": "10", "text": "屏幕碎了"}])
    assert run.run()[2] == 0


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("in.jsonl", "out.txt", r"answers are written to \.jsonl, \.csv, \.xlsx, not '\.txt'"),
        ("in.jsonl", "in.jsonl", "is the input itself"),
        ("nowhere.jsonl", "out.jsonl", "nowhere.jsonl"),
        ("empty.jsonl", "out.jsonl", "holds no records"),
        ("other.csv", "out.jsonl", "no column 'text'"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    tiny_router: Router, tmp_path: Path, source: str, target: str, sentence: str
) -> None:
    jsonl(tmp_path / "in.jsonl", ROWS[:1])
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "other.csv").write_text("内容\n退款\n", encoding="utf-8")
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(RecordsError, match=sentence):
        answer_file(tiny_router, tmp_path / source, tmp_path / target).run()
    assert {path.name for path in tmp_path.iterdir()} == before

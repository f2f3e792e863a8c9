"""The files of a training: figures, confusion, masked errors and the model card."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from paidan.errors import RecordsError
from paidan.message import Message
from train.errors_workbook import HEADINGS, write_errors
from train.learn import Learned
from train.report import model_card, write_report

FORMULA = '=cmd|"/C calc"!A1 打13800001111'


@pytest.fixture
def learned(tiny_learned: Learned) -> Learned:
    """The tiny model, of whose errors one carries a phone number and begins like a formula."""
    wrong = next(row for row, one in enumerate(tiny_learned.held_out) if one.in_scope and not one.accepted)
    records = list(tiny_learned.held_out_records)
    records[wrong] = replace(records[wrong], message=Message.from_text(FORMULA))
    return replace(tiny_learned, held_out_records=tuple(records))


def test_a_report_holds_figures_confusion_errors_and_card(learned: Learned, tmp_path: Path) -> None:
    write_report(learned, tmp_path)
    figures = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert figures["out_of_fold"]["tag"]["accuracy"] == learned.honest["tag"]["accuracy"]
    assert {"confusion.csv", "errors.csv", "model-card.md"} <= {path.name for path in tmp_path.iterdir()}


def test_errors_are_masked_and_no_spreadsheet_runs_them(learned: Learned, tmp_path: Path) -> None:
    write_report(learned, tmp_path)
    with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(one.in_scope and not one.accepted for one in learned.held_out)
    (row,) = [row for row in rows if "cmd" in row["text"]]
    assert row["text"].startswith("'=cmd")
    assert "13800001111" not in row["text"] and "＊" in row["text"]


def test_the_errors_workbook_is_masked_and_safe_too(learned: Learned, tmp_path: Path) -> None:
    path = tmp_path / "errors.xlsx"
    write_errors(path, learned.held_out, learned.held_out_records)
    rows = list(load_workbook(path)["错例"].iter_rows(values_only=True))
    assert rows[0] == HEADINGS
    (row,) = [row for row in rows if "cmd" in str(row[-1])]
    assert str(row[-1]).startswith("'=cmd") and "13800001111" not in str(row[-1])


def test_a_workbook_of_another_kind_is_refused(learned: Learned, tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"errors are written to \.xlsx"):
        write_errors(tmp_path / "errors.csv", learned.held_out, learned.held_out_records)
    with pytest.raises(RecordsError, match="cannot be written"):
        write_errors(tmp_path / "nowhere" / "errors.xlsx", learned.held_out, learned.held_out_records)


def test_the_model_card_names_data_figures_and_limits(learned: Learned) -> None:
    card = model_card(learned)
    for part in (
        learned.fingerprint[:16],
        "Grouped out-of-fold",
        "## Not for",
        f"{learned.honest['tag']['accuracy']['value']:.3f}",
    ):
        assert part in card

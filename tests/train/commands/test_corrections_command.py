from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from paidan.errors import RecordsError
from paidan.ledger.ledger import Ledger
from paidan.main import Context
from paidan.workspace import Workspace, init_workspace
from tests.paidan.ledger.sample import entry
from train.commands.corrections import corrections


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PAIDAN_DATABASE_URL", raising=False)
    init_workspace(tmp_path / "acme")
    opened = Ledger.open(Workspace(tmp_path / "acme").ledger_url)
    opened.keep([entry(str(n), source="crm") for n in range(200)])
    opened.close()
    return tmp_path / "acme"


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(corrections, list(arguments), obj=Context(home), catch_exceptions=False)


def workbook(path: Path, header: list[str], rows: list[list[Any]]) -> str:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["已办结工单"])
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return str(path)


def test_a_workbook_of_closed_tickets_joins_by_id_with_its_own_words(home: Path, tmp_path: Path) -> None:
    rows = [[n, "财务组" if n % 10 == 0 else "售后组", "高", "是" if n % 10 == 0 else "否"] for n in range(202)]
    file = workbook(tmp_path / "closed.xlsx", ["工单号", "处理组", "优先级", "是否转派"], rows)
    found = json.loads(run(home, "import", file, "--source", "crm", "--json").output)
    assert (found["rows"], found["joined"], found["refused"], found["unknown"]) == (202, 200, 0, ["200", "201"])
    assert found["share"] >= 0.99
    assert found["first_dispatch"]["proposed"]["rerouted"] == 20
    again = json.loads(run(home, "import", file, "--source", "crm", "--json").output)
    assert (again["recorded"], again["changed"]) == (0, 0)


def test_a_file_of_another_source_joins_nothing_and_says_so(home: Path, tmp_path: Path) -> None:
    (tmp_path / "closed.csv").write_text("id,queue\n1,billing\n", encoding="utf-8")
    result = run(home, "import", str(tmp_path / "closed.csv"))
    assert result.exit_code == 1
    assert "never answered here: 1. Is --source right?" in result.output


def test_rows_that_cannot_be_read_are_told(home: Path, tmp_path: Path) -> None:
    (tmp_path / "closed.csv").write_text("id,rerouted\n1,是\n,否\n2,或许\n", encoding="utf-8")
    result = run(home, "import", str(tmp_path / "closed.csv"), "--source", "crm")
    assert "line 3: `id` is empty" in result.output
    assert "line 4: rerouted is yes or no" in result.output


@pytest.mark.parametrize(
    ("name", "text", "arguments", "sentence"),
    [
        ("a.csv", "单据\n1\n", [], "no column 'id'. Found: '单据'. Say which: `--column id=工单号`"),
        ("a.csv", "id\n1\n", ["--column", "queue=组"], "no column '组'"),
        ("a.csv", "id\n1\n", ["--column", "text=话"], "'text' is none of id, source"),
        ("a.txt", "1", [], "a file of kind '.txt' cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(
    home: Path, tmp_path: Path, name: str, text: str, arguments: list[str], sentence: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(RecordsError) as refused:
        run(home, "import", str(tmp_path / name), *arguments)
    assert sentence in str(refused.value)


def test_export_writes_records_that_train_reads(home: Path, tmp_path: Path) -> None:
    opened = Ledger.open(Workspace(home).ledger_url)
    told = opened.keep([entry("9", source="crm")])[0].answer["prediction_id"]
    opened.review(told, by="小王", tag="process.invoice")
    opened.close()
    out = tmp_path / "corrections.jsonl"
    assert "1 records" in run(home, "export", str(out)).output
    record = json.loads(out.read_text(encoding="utf-8"))
    assert (record["tag"], record["id"]) == ("process.invoice", "9")


@pytest.mark.parametrize("command", [corrections, *corrections.commands.values()])
def test_every_help_has_an_example(command: click.Command) -> None:
    assert "Example: paidan corrections" in (command.help or "")

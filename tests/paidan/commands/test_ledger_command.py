from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from paidan.commands.ledger import ledger
from paidan.errors import LedgerError
from paidan.ledger.draft import drafts_of
from paidan.ledger.journal import DAMAGED, Journal
from paidan.ledger.ledger import Ledger
from paidan.ledger.text_key import TextKey
from paidan.main import Context
from paidan.workspace import Workspace, init_workspace
from tests.paidan.ledger.sample import entry

SECRET = "邻居老周家的空调外机夜里响得睡不着"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PAIDAN_DATABASE_URL", raising=False)
    init_workspace(tmp_path / "acme")
    return tmp_path / "acme"


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(ledger, list(arguments), obj=Context(home), catch_exceptions=False)


def report(home: Path, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(home, *arguments, "--json").output)
    return found


def fill(home: Path) -> str:
    opened = Ledger.open(Workspace(home).ledger_url)
    told = opened.keep([entry("T-1001", SECRET), entry("T-2002", "快递三天没动静")])[0].answer["prediction_id"]
    opened.close()
    return str(told)


def test_status_of_a_workspace_that_answered_nothing_yet(home: Path) -> None:
    found = report(home, "status")
    assert (found["state"], found["backlog"], found["problems"]) == ("database", 0, [])


def test_status_counts_and_checks(home: Path) -> None:
    fill(home)
    result = run(home, "status", "--check")
    assert result.exit_code == 0
    assert "kept in     database (0 wait in the journal)" in result.output
    assert "checked     in order" in result.output
    assert report(home, "status")["rows"]["predictions"] == 2


def test_status_tells_what_is_wrong_and_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIDAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    Journal(home / "journal").prepare()
    (home / "journal" / DAMAGED).write_text("x\n", encoding="utf-8")
    result = run(home, "status")
    assert result.exit_code == 1
    assert "kept in     journal" in result.output
    assert "the ledger's database is away" in result.output
    assert "1 lines in journal/damaged.log need a look" in result.output


def test_a_backup_and_a_restore_bring_all_back_and_the_key_with_it(home: Path, tmp_path: Path) -> None:
    fill(home)
    key = TextKey.load(home)
    file = str(tmp_path / "b.jsonl.gz")
    assert "2 predictions" in run(home, "backup", file).output
    (home / "text.key").unlink()
    with pytest.raises(LedgerError, match=r"holds 2 predictions, which .* would replace. Say --yes"):
        run(home, "restore", file)
    assert report(home, "restore", file, "--yes")["rows"]["predictions"] == 2
    assert TextKey.load(home) == key


def test_what_was_erased_stays_erased_after_a_restore(home: Path, tmp_path: Path) -> None:
    fill(home)
    file = str(tmp_path / "b.jsonl.gz")
    run(home, "backup", file)
    said = report(home, "erase", "T-1001", "--source", "crm-a")
    assert said["backups"] == [file]
    assert report(home, "restore", file, "--yes")["erased_again"] == 1
    assert report(home, "status")["rows"]["predictions"] == 1


def test_erase_proves_that_it_is_gone_from_database_and_journal(home: Path) -> None:
    fill(home)
    journal = Journal(home / "journal")
    journal.prepare()
    journal.append([draft.to_line() for draft in drafts_of([entry("T-1001", SECRET + "！")])])
    (home / "journal" / DAMAGED).write_text(f"torn T-1001 {SECRET}\n", encoding="utf-8")
    result = run(home, "erase", "T-1001", "--source", "crm-a")
    assert result.exit_code == 0
    assert "gone" in result.output
    assert not any(SECRET.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_erase_names_the_files_that_still_hold_it_and_fails(home: Path) -> None:
    prediction_id = fill(home)
    (home / "exports").mkdir()
    (home / "exports" / "answers.jsonl").write_text(json.dumps({"prediction_id": prediction_id}), encoding="utf-8")
    result = run(home, "erase", "T-1001", "--source", "crm-a")
    assert result.exit_code == 1
    assert "exports/answers.jsonl" in result.output


def test_prune_needs_to_know_how_long(home: Path) -> None:
    with pytest.raises(LedgerError, match="neither --days nor the setting retention_days"):
        run(home, "prune")
    (home / "paidan.toml").write_text("retention_days = 30\n", encoding="utf-8")
    fill(home)
    assert report(home, "prune") == {"predictions": 0, "reviews": 0, "outcomes": 0, "changes": 0}


def test_a_folder_that_is_no_workspace_is_named(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="is no workspace"):
        run(tmp_path, "status")


@pytest.mark.parametrize("command", [ledger, *ledger.commands.values()])
def test_every_help_has_an_example(command: click.Command) -> None:
    assert "Example: paidan ledger" in (command.help or "")

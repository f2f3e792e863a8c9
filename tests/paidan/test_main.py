"""The command line's outside: a sentence and an exit code for every mistake, never a trace."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from paidan.champion import promote
from paidan.errors import Findings, MessageError
from paidan.problem import message_problem, problem

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def paidan(tmp_path: Path) -> Run:
    def run(*arguments: str, home: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("paidan")), "--home", str(home), *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)

    return run


def test_version_and_help_are_done(paidan: Run) -> None:
    assert paidan("--version").stdout.startswith("paidan, version ")
    found = paidan("--help")
    assert found.returncode == 0
    assert {"train", "serve", "status"} <= set(found.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("status", "--nonsense"), "No such option"),
        (("init",), "Missing argument 'DIR'"),
        (("train", "--no-registry"), "--no-registry needs --bundle DIR"),
        (("train", "--max-bad", "2"), "is not in the range 0<=x<=1"),
    ],
)
def test_misuse_is_exit_code_2_and_a_sentence(
    paidan: Run, tiny_home: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    found = paidan(*arguments, home=tiny_home)
    assert (found.returncode, sentence in found.stderr) == (2, True), found.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ("status",),
            ("train",),
            ("check",),
            ("serve",),
            ("promote",),
            ("evaluate", "x.csv"),
            ("predict", "x.csv", "-o", "y.csv"),
        ),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_outside_a_workspace_every_command_says_how_to_make_one(paidan: Run, arguments: tuple[str, ...]) -> None:
    found = paidan(*arguments)
    assert found.returncode == 1
    assert "is no workspace" in found.stderr and "`paidan init DIR`" in found.stderr
    assert "Traceback" not in found.stderr


def test_init_then_status_then_history(paidan: Run, tmp_path: Path) -> None:
    home = tmp_path / "acme"
    assert paidan("init", str(home)).returncode == 0
    again = paidan("init", str(home))
    assert (again.returncode, "already holds datasets/" in again.stderr) == (1, True)
    told = json.loads(paidan("status", "--json", home=home).stdout)
    assert told["workspace"] == str(home)
    assert (told["champion"], told["contract"]["state"]) == (None, "trial")
    assert told["settings"]["port"] == {"value": 8000, "from": "default"}
    assert "broken" not in told["taxonomy"] + told["routing"]
    shown = paidan("status", home=home).stdout
    assert "none yet: paidan train, then paidan promote" in shown
    assert json.loads(paidan("history", "--json", home=home).stdout) == []
    assert "nothing was promoted yet" in paidan("history", home=home).stdout


def test_status_names_what_is_broken_and_hides_passwords(
    paidan: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "acme"
    paidan("init", str(home))
    (home / "datasets" / "routing.yaml").write_text("queues: {}", encoding="utf-8")
    monkeypatch.setenv("PAIDAN_DATABASE_URL", "postgresql+psycopg://li:geheim@db:5432/paidan")
    found = paidan("status", "--json", home=home)
    told = json.loads(found.stdout)
    assert told["routing"].startswith("broken: ")
    assert "geheim" not in found.stdout
    assert told["ledger"]["where"] == "postgresql+psycopg://…@db:5432/paidan"
    assert told["settings"]["database_url"]["from"] == "PAIDAN_DATABASE_URL"


def test_history_tells_who_answered_at_a_time(paidan: Run, tmp_path: Path) -> None:
    first = promote(tmp_path / "models", "1", "a", by="li", why="首个模型")
    promote(tmp_path / "models", "2", "b", by="wang", why="六月的改正", gate={"passed": False, "forced": True})
    every = json.loads(paidan("history", "--json").stdout)
    assert [(entry["version"], entry["by"]) for entry in every] == [("1", "li"), ("2", "wang")]
    (then,) = json.loads(paidan("history", "--at", first.since, "--json").stdout)
    assert then["version"] == "1"
    assert "nothing answered at" in paidan("history", "--at", "2020-01-01").stdout
    assert "forced" in paidan("history").stdout
    found = paidan("history", "--at", "昨天")
    assert (found.returncode, "write it like 2026-11-22T09:30:00+08:00" in found.stderr) == (1, True)


def test_bad_settings_are_a_sentence(paidan: Run, tmp_path: Path) -> None:
    paidan("init", str(tmp_path / "acme"))
    (tmp_path / "acme" / "paidan.toml").write_text("port = 70000\nnonsense = 1", encoding="utf-8")
    found = paidan("status", home=tmp_path / "acme")
    assert found.returncode == 1
    assert found.stderr.startswith("paidan: settings: ")
    assert len(found.stderr.strip().splitlines()) == 2


def test_a_problem_has_a_stable_type_and_never_the_text() -> None:
    found = message_problem(MessageError("text", "is missing", "missing"))
    assert found == {
        "type": "urn:paidan:problem:invalid-message",
        "title": "The message cannot be answered",
        "status": 422,
        "detail": "text: is missing",
        "field": "text",
        "code": "missing",
    }
    assert problem("x", "X", 400, "d", more=1)["more"] == 1


@pytest.mark.parametrize(("count", "lines", "more"), [(1, 1, False), (10, 10, False), (11, 11, True)])
def test_ten_problems_are_shown_and_the_rest_counted(count: int, lines: int, more: bool) -> None:
    shown = str(Findings("a.yaml", [f"problem {n}" for n in range(count)])).splitlines()
    assert (len(shown), shown[-1].startswith("… and 1 more")) == (lines, more)

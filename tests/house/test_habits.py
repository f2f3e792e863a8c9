"""Habits of the house that a machine can see to."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from pathlib import Path

import click
import pytest

from paidan.main import Commands, cli

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("paidan", "train", "serve")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "__pycache__" not in path.parts)
LONGEST = 300
EMPTY_NAMES = re.compile(r"^_?(utils?|helpers?|misc|common|stuff|tools|base)$")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def commands() -> list[click.Command]:
    """Every command and subcommand."""
    context, found = click.Context(cli), []
    assert isinstance(cli, Commands)
    waiting = [command for name in cli.list_commands(context) if (command := cli.get_command(context, name))]
    while waiting:
        command = waiting.pop()
        if isinstance(command, click.Group):
            waiting += command.commands.values()
        else:
            found.append(command)
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_and_stays_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), "no docstring"
    assert len(source.splitlines()) <= LONGEST
    assert not EMPTY_NAMES.match(path.stem), "a name that says nothing"


@pytest.mark.parametrize("name", [name_of(path) for path in MODULES if ">>> " in path.read_text(encoding="utf-8")])
def test_the_examples_in_docstrings_run(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0


def test_no_library_prints_or_leaves() -> None:
    found = [
        f"{name_of(path)} line {node.lineno}"
        for path in MODULES
        if "commands" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "exit", "quit")
    ]
    assert found == []


def test_nothing_on_the_serving_path_can_unpickle() -> None:
    loaders = {"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] == "train":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name.split(".")[0] for name in names} & loaders == set(), path
        assert "allow_pickle=True" not in path.read_text(encoding="utf-8"), path


def test_a_users_mistake_is_no_assertion() -> None:
    found = [
        f"{name_of(path)} line {node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


@pytest.mark.parametrize("command", commands(), ids=lambda command: str(command.callback.__module__))
def test_every_command_has_an_example(command: click.Command) -> None:
    assert re.search(r"^ *Example: paidan ", command.help or "", re.MULTILINE)
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


def test_folders_of_data_are_no_packages() -> None:
    # models/ is left out: the registry keeps a copy of the code there, and git none of it.
    for folder in ("datasets", "notebooks"):
        assert list((ROOT / folder).rglob("*.py")) == [], folder


def test_a_test_checks_something() -> None:
    found = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                inside = list(ast.walk(node))
                checks = any(isinstance(one, ast.Assert) for one in inside) or any(
                    isinstance(one, ast.Attribute) and one.attr in ("raises", "fail") for one in inside
                )
                calls = any(isinstance(one, ast.Call) for one in inside)
                if not checks and not calls:
                    found.append(f"{path.name}: {node.name}")
    assert found == []

"""Floors: imports point down only, heavy libraries stay where they belong, and nothing happens at import."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("paidan", "train", "serve")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "__pycache__" not in path.parts)
# What a room may import of ours.
FLOORS = {"paidan": {"paidan"}, "train": {"paidan", "train"}, "serve": {"paidan", "serve"}}
# The only room that imports a library.
HOMES = {
    "jieba": "paidan",
    "rjieba": "paidan",
    "sqlalchemy": "paidan",
    "alembic": "paidan",
    "psycopg": "paidan",
    "pandas": "train",
    "sklearn": "train",
    "scipy": "train",
    "joblib": "train",
    "mlflow": "train",
    "pyspark": "train",
    "fastapi": "serve",
    "starlette": "serve",
    "uvicorn": "serve",
    "prometheus_client": "serve",
}
ENTRY_POINTS = ROOT / "pyproject.toml"


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} line {node.lineno}: a relative import hides its floor"
            yield node.module or ""


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down_and_libraries_stay_at_home(path: Path) -> None:
    room = room_of(path)
    roots = {name.split(".")[0] for name in imports(path)}
    assert roots & set(ROOMS) <= FLOORS[room]
    assert {name for name in roots if HOMES.get(name, room) != room} == set()


def test_the_walls_are_not_empty() -> None:
    assert {room_of(path) for path in MODULES} == set(ROOMS)
    assert len(MODULES) > 60


def loaded_by(statement: str, *, cwd: Path = ROOT) -> set[str]:
    """The top-level modules in a fresh interpreter after a statement."""
    script = f"{statement}\nimport sys\nprint('\\n'.join({{name.split('.')[0] for name in sys.modules}}))"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=cwd, timeout=60
    )
    return set(found.stdout.split())


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        (
            "import serve.app",
            {"pandas", "sklearn", "scipy", "mlflow", "joblib", "openpyxl", "train", "jieba", "datasketch"},
        ),
        ("import paidan.router", {"pydantic", "sqlalchemy", "fastapi", "click", "rich", "pandas", "sklearn", "scipy"}),
        ("import paidan.main", {"pandas", "sklearn", "scipy", "mlflow", "fastapi", "sqlalchemy", "numpy"}),
        ("import train.fit", {"mlflow", "fastapi", "serve", "sqlalchemy"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_import_pulls_in_nothing_heavy(statement: str, heavy: set[str]) -> None:
    assert loaded_by(statement) & heavy == set()


def test_a_light_command_loads_no_room_above() -> None:
    statement = "from click.testing import CliRunner\nfrom paidan.main import cli\nassert CliRunner().invoke(cli, ['history']).exit_code == 0"
    assert loaded_by(statement) & {"train", "serve", "pandas", "sklearn", "mlflow", "fastapi"} == set()


@pytest.fixture(scope="module")
def after_import(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An empty folder from which every module was imported, and what the interpreter said."""
    empty = tmp_path_factory.mktemp("empty")
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in MODULES]
    names = [name for name in names if name != "train.model" and ".migrations." not in name]
    script = (
        "import importlib, logging, os, sys\n"
        "before = (logging.getLogger().level, list(logging.getLogger().handlers), dict(os.environ), sys.getrecursionlimit())\n"
        f"for name in {names!r}:\n    importlib.import_module(name)\n"
        "after = (logging.getLogger().level, list(logging.getLogger().handlers), dict(os.environ), sys.getrecursionlimit())\n"
        "assert before == after, (before, after)\n"
    )
    environ = {**os.environ, "HOME": str(empty / "home"), "TMPDIR": str(empty / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    (empty / "home").mkdir()
    (empty / "tmp").mkdir()
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=empty, env=environ, timeout=120, check=False
    )
    assert found.returncode == 0, found.stderr
    return empty, found.stdout + found.stderr


def test_importing_everything_makes_no_file_and_says_nothing(after_import: tuple[Path, str]) -> None:
    folder, said = after_import
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert said == ""

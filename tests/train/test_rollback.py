"""The way back: to the version before, to a named one, without MLflow."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from paidan.bundle import read_manifest
from paidan.champion import Contract, earlier, note, promote, read_champion, read_history, serving_at
from paidan.commands.history import history
from paidan.errors import BundleError, RegistryError
from paidan.main import Context
from paidan.rollback import roll_back, target


@pytest.fixture
def models(tmp_path: Path, tiny_folder: Path) -> Path:
    """Three versions that answered one after the other; the same bundle under three names."""
    folder = tmp_path / "models"
    _, digest = read_manifest(tiny_folder)
    for version in ("1", "2", "3"):
        shutil.copytree(tiny_folder, folder / version)
        note(folder, "registered", version, digest, by="li")
        promote(folder, version, digest, by="li", why=f"第{version}版", gate={"passed": True})
    return folder


def back(models: Path, to: str | None = None) -> str:
    return roll_back(models, target(models, to), by="wang", why="漏判").version


def test_each_rollback_goes_one_further_back(models: Path) -> None:
    assert [back(models), back(models)] == ["2", "1"]
    with pytest.raises(RegistryError, match="version 1 is the first that answered here"):
        back(models)
    last = read_history(models)[-1]
    assert (last["event"], last["version"], last["by"], last["why"], last["before"]) == (
        "rolled back",
        "1",
        "wang",
        "漏判",
        "2",
    )


def test_a_named_version_must_have_answered(models: Path) -> None:
    assert back(models, "1") == "1"
    with pytest.raises(RegistryError, match="version 1 answers already"):
        back(models, "1")
    with pytest.raises(RegistryError, match="version 9 never answered here; those that did: 1, 2, 3"):
        back(models, "9")
    assert back(models, "3") == "3"


def test_a_later_promotion_is_undone_to_where_it_came_from(models: Path) -> None:
    back(models, "1")
    digest = read_history(models)[0]["digest"]
    promote(models, "2", digest, by="li", why="", gate={})
    assert [entry["version"] for entry in earlier(read_history(models))] == ["1"]


def test_nothing_changes_when_the_bundle_is_another(models: Path) -> None:
    manifest = models / "2" / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"seed"', '"sead"'), encoding="utf-8")
    with pytest.raises(BundleError, match="is not the bundle that answered before"):
        back(models)
    champion = read_champion(models)
    assert champion is not None
    assert champion.version == "3"


def test_a_contract_comes_back_with_its_version(models: Path) -> None:
    entry = target(models, None) | {"contract": {"state": "proven", "read": 300, "wrong": 4}}
    assert roll_back(models, entry, by="li").contract == Contract("proven", 300, 4)


def test_history_says_who_answered_at_every_step(models: Path) -> None:
    back(models)
    lines = [line for line in read_history(models) if line["event"] != "registered"]
    for line in lines:
        found = serving_at(models, datetime.fromisoformat(line["since"]))
        assert found is not None
        assert found["version"] == line["version"]
    assert serving_at(models, datetime(2020, 1, 1, tzinfo=UTC)) is None
    shown = CliRunner().invoke(history, ["--json"], obj=Context(models.parent), catch_exceptions=False)
    assert [line["event"] for line in json.loads(shown.stdout)].count("registered") == 3
    table = CliRunner().invoke(history, [], obj=Context(models.parent), catch_exceptions=False)
    assert "2 ←" in table.output


def test_a_rollback_needs_neither_mlflow_nor_scikit_learn(models: Path) -> None:
    code = (
        "import sys, pathlib; from paidan.rollback import roll_back, target; m = pathlib.Path(sys.argv[1]);"
        "print(roll_back(m, target(m, None), by='li').version);"
        "assert not {'mlflow', 'sklearn', 'pandas', 'scipy'} & set(sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code, str(models)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "2"

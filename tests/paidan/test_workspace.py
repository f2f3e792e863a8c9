"""The workspace: copies, never links; never overwritten; read with a sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from paidan.errors import WorkspaceError
from paidan.workspace import Workspace, defaults, init_workspace


def test_a_new_workspace_holds_copies_of_everything_that_ships(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "acme")
    shipped = sorted(path.relative_to(defaults()) for path in defaults().rglob("*") if path.is_file())
    made = sorted(path.relative_to(workspace.datasets) for path in workspace.datasets.rglob("*") if path.is_file())
    assert made == [path for path in shipped if "__pycache__" not in path.parts]
    assert not any(path.is_symlink() for path in workspace.datasets.rglob("*"))
    assert sorted(path.name for path in workspace.home.iterdir()) == ["datasets", "models", "paidan.toml"]
    assert list(workspace.models.iterdir()) == []


def test_a_new_workspace_is_whole_and_serves_its_defaults(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "acme")
    taxonomy = workspace.taxonomy()
    assert workspace.routing(taxonomy).warnings == ()
    assert len(workspace.starter) == len(taxonomy.tags) + 1
    assert workspace.settings.port == 8000


def test_changing_a_workspace_leaves_what_ships_alone(tmp_path: Path) -> None:
    before = (defaults() / "taxonomy.yaml").read_bytes()
    workspace = init_workspace(tmp_path / "acme")
    (workspace.datasets / "taxonomy.yaml").write_text("tags: []", encoding="utf-8")
    assert (defaults() / "taxonomy.yaml").read_bytes() == before


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    home = tmp_path / "acme"
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "mine.txt").write_text("我的", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="already holds datasets/"):
        init_workspace(home)
    assert [path.name for path in (home / "datasets").iterdir()] == ["mine.txt"]


def test_settings_that_are_there_already_are_kept(tmp_path: Path) -> None:
    (tmp_path / "paidan.toml").write_text("port = 9000", encoding="utf-8")
    assert init_workspace(tmp_path).settings.port == 9000


def test_a_torn_copy_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "datasets.part").mkdir()
    (tmp_path / "datasets.part" / "half").write_text("", encoding="utf-8")
    workspace = init_workspace(tmp_path)
    assert not (workspace.datasets / "half").exists()


def test_a_folder_without_a_taxonomy_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"is no workspace.*`paidan init DIR`"):
        Workspace(tmp_path).taxonomy()


def test_a_lexicon_is_optional_and_may_carry_a_byte_order_mark(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path)
    lexicon = workspace.datasets / "lexicon.txt"
    lexicon.unlink(missing_ok=True)
    assert workspace.lexicon() == ()
    lexicon.write_text("被盗刷\n充电宝 # 常见\n", encoding="utf-8-sig")
    assert workspace.lexicon() == ("被盗刷", "充电宝")


def test_a_lexicon_in_gbk_is_refused(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path)
    (workspace.datasets / "lexicon.txt").write_bytes("被盗刷".encode("gb18030"))
    with pytest.raises(WorkspaceError, match=r"lexicon\.txt is not readable as UTF-8 text"):
        workspace.lexicon()


def test_the_ledger_lies_in_the_workspace_unless_a_database_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Workspace(tmp_path).ledger_url == f"sqlite:///{tmp_path.resolve() / 'ledger.db'}"
    monkeypatch.setenv("PAIDAN_DATABASE_URL", "postgresql+psycopg://u:p@db/paidan")
    assert Workspace(tmp_path).ledger_url == "postgresql+psycopg://u:p@db/paidan"

"""The workspace: a folder with what belongs to a company, apart from the code."""

from __future__ import annotations

import importlib.resources
import shutil
from dataclasses import dataclass
from pathlib import Path

from paidan.errors import WorkspaceError
from paidan.routing import RoutingTable
from paidan.segment import read_lexicon
from paidan.settings import Settings, load_settings
from paidan.taxonomy import Taxonomy
from paidan.workdays import Workdays

TEMPLATE = """# Settings of this workspace. Every line is optional; PAIDAN_<NAME> in the environment wins.
# precision = 0.95            # promised of answers routed unattended
# candidate_coverage = 0.95   # how often the candidate set holds the right tag
# host = "127.0.0.1"
# port = 8000
# workers = 1
"""


@dataclass(frozen=True)
class Workspace:
    """Where each thing of a company lives. Reads; never writes by itself."""

    home: Path

    @property
    def datasets(self) -> Path:
        return self.home / "datasets"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def starter(self) -> tuple[Path, ...]:
        return tuple(sorted((self.datasets / "starter").glob("*.jsonl")))

    @property
    def ledger_url(self) -> str:
        return self.settings.database_url or f"sqlite:///{(self.home / 'ledger.db').resolve()}"

    @property
    def settings(self) -> Settings:
        return load_settings(self.home)[0]

    def taxonomy(self) -> Taxonomy:
        self.require()
        return Taxonomy.load(self.datasets / "taxonomy.yaml")

    def workdays(self) -> Workdays:
        return Workdays.load(self.datasets / "holidays.yaml")

    def routing(self, taxonomy: Taxonomy, *, lenient: bool = False) -> RoutingTable:
        """The routing table; `lenient` leaves out tags that a replaced taxonomy no longer has."""
        return RoutingTable.load(self.datasets / "routing.yaml", taxonomy, self.workdays(), lenient=lenient)

    def lexicon(self) -> tuple[str, ...]:
        """The model's own words; none when the workspace has no `lexicon.txt`."""
        path = self.datasets / "lexicon.txt"
        try:
            return read_lexicon(path.read_text(encoding="utf-8-sig").splitlines())
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise WorkspaceError(f"{path} is not readable as UTF-8 text: {error}") from None

    def require(self) -> None:
        """Raise unless this is a workspace."""
        if not (self.datasets / "taxonomy.yaml").is_file():
            raise WorkspaceError(
                f"{self.home} is no workspace: it has no datasets/taxonomy.yaml. Make one with `paidan init DIR`, "
                "or name one with --home DIR or PAIDAN_HOME"
            )


def defaults() -> Path:
    """The `datasets/` that ships with Paidan: package data of the wheel, or the repository's own."""
    shipped = Path(str(importlib.resources.files("paidan"))) / "defaults" / "datasets"
    if shipped.is_dir():
        return shipped
    return Path(str(importlib.resources.files("paidan"))).parent / "datasets"


def init_workspace(home: Path) -> Workspace:
    """Make a company's own workspace: copies, never links.

    Raises:
        WorkspaceError: when the folder holds a workspace already; nothing is overwritten.
    """
    workspace = Workspace(home)
    if workspace.datasets.exists():
        raise WorkspaceError(f"{home} already holds datasets/. Choose an empty folder, or use it with --home {home}")
    source = defaults()
    if not (source / "taxonomy.yaml").is_file():
        raise WorkspaceError(f"the installed Paidan lacks its defaults (looked in {source}). Reinstall it")
    home.mkdir(parents=True, exist_ok=True)
    partial = home / "datasets.part"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial, ignore=shutil.ignore_patterns("__pycache__"))
    (home / "models").mkdir(exist_ok=True)
    if not (home / "paidan.toml").exists():
        (home / "paidan.toml").write_text(TEMPLATE, encoding="utf-8")
    partial.rename(workspace.datasets)
    return workspace

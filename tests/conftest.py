"""Models that many tests share: a tiny one trained in seconds, and one of the whole starter set, kept between runs."""

from __future__ import annotations

import ast
import hashlib
import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from paidan.bundle import Bundle
from paidan.router import Router
from paidan.workspace import Workspace, init_workspace
from train.commands.options import HEADS
from train.learn import Learned, Lesson, learn
from train.records import Record, read_records

ROOT = Path(__file__).parent.parent
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)  # a Friday
TINY_TAGS = (
    *("product.battery", "product.display", "product.safety-hazard", "product.counterfeit"),
    *("product.food-safety", "service.delivery-delay", "service.parcel-lost", "service.outage"),
    *("service.agent-attitude", "process.refund-delay", "process.invoice", "process.account-theft"),
)
TINY_ROWS = dict.fromkeys(TINY_TAGS, 40) | {"none": 60}


def slice_starter(home: Path) -> None:
    """Leave a few messages of a few tags, taken evenly from the files, in a workspace's starter set."""
    for path in (home / "datasets" / "starter").glob("*.jsonl"):
        rows = TINY_ROWS.get(path.stem, 0)
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if rows:
            path.write_text("".join(lines[:: len(lines) // rows][:rows]), encoding="utf-8")
        else:
            path.unlink()


def starter_records(workspace: Workspace) -> tuple[Record, ...]:
    return read_records(workspace.starter, taxonomy=workspace.taxonomy(), timezone=SHANGHAI).records


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company's workspace as `paidan init` makes it, with a slice of the starter set. Not to be written to."""
    home = tmp_path_factory.mktemp("tiny") / "acme"
    init_workspace(home)
    slice_starter(home)
    return home


@pytest.fixture
def workspace_copy(tiny_home: Path, tmp_path: Path) -> Workspace:
    """A workspace of one's own, to be spoilt."""
    home = tmp_path / "acme"
    shutil.copytree(tiny_home, home)
    return Workspace(home)


@pytest.fixture(scope="session")
def tiny_learned(tiny_home: Path) -> Learned:
    workspace = Workspace(tiny_home)
    lesson = Lesson(starter_records(workspace), (), workspace.taxonomy(), HEADS, hold_out=True, quick=True)
    return learn(workspace, lesson)


@pytest.fixture(scope="session")
def tiny_folder(tiny_learned: Learned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a bundle on disk. Not to be written to."""
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    tiny_learned.bundle.save(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bundle(tiny_folder: Path) -> Bundle:
    return Bundle.load(tiny_folder)


@pytest.fixture(scope="session")
def tiny_router(tiny_bundle: Bundle, tiny_home: Path) -> Router:
    return _router(tiny_bundle, Workspace(tiny_home))


@pytest.fixture(scope="session")
def starter_texts() -> tuple[str, ...]:
    """Every text of the starter set as it was sent."""
    return tuple(record.text for record in starter_records(Workspace(ROOT)))


@pytest.fixture(scope="session")
def starter_router(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Router:
    """A model of the whole starter set, trained as `paidan train --quick` does and kept for the next run."""
    workspace = Workspace(ROOT)
    cache = request.config.cache if hasattr(request.config, "cache") else None
    kept = Path(cache.mkdir("starter-models")) if cache else tmp_path_factory.mktemp("starter-models")
    folder = kept / _fingerprint(workspace)
    if not (folder / "manifest.json").is_file():
        for old in kept.iterdir():
            shutil.rmtree(old, ignore_errors=True)
        lesson = Lesson(starter_records(workspace), (), workspace.taxonomy(), HEADS, hold_out=False, quick=True)
        learn(workspace, lesson).bundle.save(folder)
    return _router(Bundle.load(folder), workspace)


def _router(bundle: Bundle, workspace: Workspace) -> Router:
    routing = workspace.routing(bundle.taxonomy, lenient=True)
    return Router(bundle, routing, contract="proven", clock=lambda: NOON)


def _fingerprint(workspace: Workspace) -> str:
    code = _modules(ROOT / "train" / "learn.py")
    data = [*workspace.starter, workspace.datasets / "taxonomy.yaml", workspace.datasets / "lexicon.txt"]
    digest = hashlib.sha256()
    for path in sorted([*code, *(path for path in data if path.is_file())]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def _modules(start: Path) -> set[Path]:
    """Files of the modules that one module imports, and what those import: when one changes, the model is made anew."""
    found, waiting = set(), [start]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("paidan", "train"):
                stem = ROOT.joinpath(*str(node.module).split("."))
                names = [stem.with_suffix(".py"), *(stem / f"{alias.name}.py" for alias in node.names)]
                waiting += [name for name in names if name.is_file()]
    return found

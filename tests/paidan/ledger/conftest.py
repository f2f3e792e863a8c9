from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from paidan.ledger.database import writing
from paidan.ledger.ledger import Ledger
from paidan.ledger.tables import metadata
from tests.postgres import Postgres, own_postgres, postgres

__all__ = ["ledger", "own_postgres", "postgres", "url"]
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of either kind: the same tests on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    address: str = request.getfixturevalue("postgres").database()
    return address


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQLite's file of an empty ledger."""
    path = tmp_path_factory.mktemp("made") / "ledger.db"
    Ledger.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def made_address(postgres: Postgres) -> str:
    """An empty ledger on PostgreSQL, emptied for each test."""
    address = postgres.database()
    Ledger.open(address).close()
    return address


@pytest.fixture(params=BOTH)
def ledger(request: pytest.FixtureRequest, tmp_path: Path, made_file: Path) -> Iterator[Ledger]:
    """An empty ledger at its newest step, of either kind."""
    if request.param == "sqlite":
        shutil.copy(made_file, tmp_path / "ledger.db")
        opened = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    else:
        opened = Ledger.open(request.getfixturevalue("made_address"))
        with writing(opened.engine).begin() as conn:
            conn.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))
            conn.execute(text("INSERT INTO change_sequence VALUES ('changes', 0, 0)"))
    yield opened
    opened.close()

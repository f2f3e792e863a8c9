"""Bring a ledger's tables to the newest step, forward only and one process at a time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from paidan.errors import LedgerError
from paidan.ledger.database import LOCKS, lock, writing

HEAD = "0002"
SCRIPTS = Path(__file__).parent / "migrations"


def migrate(engine: Engine, target: str = HEAD) -> None:
    """Bring the tables to `target`. Does nothing, and imports nothing, when they are there already.

    Raises:
        LedgerError: the tables were made by a newer Paidan.
    """
    with engine.connect() as conn:
        if step(conn) == target:
            return
    with writing(engine).begin() as conn:
        lock(conn, LOCKS["migrate"])
        found = step(conn)
        if found == target:
            return
        if found is not None and found > HEAD:
            raise LedgerError(
                f"the ledger was made by a newer Paidan (step {found}; this one knows up to {HEAD}). Upgrade Paidan; "
                "nothing was changed"
            )
        upgrade(conn, target)


def step(conn: Connection) -> str | None:
    """The step that the tables are at; None for an empty database."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(conn: Connection, target: str) -> None:
    """Bring the tables to `target` in the caller's transaction."""
    # Alembic is needed once a version, and costs a fifth of a second to import.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, target)

"""The two databases and where they differ: connections, locks, and which errors mean that one is away."""

from __future__ import annotations

import importlib.util
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import URL, make_url

from paidan.errors import LedgerError

SQLITE, POSTGRES = "sqlite", "postgresql"
# A connection that is refused says so at once; one that hangs is given up after this many seconds.
CONNECT_S = 3
# How long one SQLite writer waits for another.
TURN_S = 10
# Keys of PostgreSQL's advisory locks, ours alone: "paidan" in ASCII and a number.
LOCKS = {"migrate": 0x70616964616E01, "changes": 0x70616964616E02, "prune": 0x70616964616E03}
_WRITE = "paidan_write"
_AWAY_STATES = ("08", "53", "57", "58", "25006", "40", "42P01", "55P03")
_AWAY_SQLITE = ("malformed", "not a database", "disk", "locked", "readonly", "unable to open")
_RETRY_STATES = ("40001", "40P01")


def engine_for(address: str) -> Engine:
    """An engine that keeps what it commits through a power cut.

    Raises:
        LedgerError: the address is none of a supported database.
    """
    url = _checked(address)
    if url.get_backend_name() == SQLITE:
        engine = create_engine(url, connect_args={"timeout": TURN_S, "check_same_thread": False}, pool_size=8)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    arguments = {
        "connect_timeout": CONNECT_S,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 8000,
        "application_name": "paidan",
    }
    return create_engine(
        url, connect_args=arguments, isolation_level="READ COMMITTED", pool_size=8, pool_timeout=CONNECT_S
    )


def _checked(address: str) -> URL:
    try:
        url = make_url(address)
    except exc.ArgumentError:
        raise LedgerError(
            "database_url is no address of a database; write sqlite:////path/ledger.db or postgresql+psycopg://…"
        ) from None
    name = url.get_backend_name()
    if name == SQLITE:
        if not url.database or url.database == ":memory:":
            raise LedgerError("database_url: a ledger in memory keeps nothing; write sqlite:////path/ledger.db")
        return url
    if name != POSTGRES:
        raise LedgerError(f"database_url: '{name}' is not supported; allowed are sqlite and postgresql+psycopg")
    if importlib.util.find_spec("psycopg") is None:
        raise LedgerError("a ledger on PostgreSQL needs psycopg, which is not installed. Install paidan[postgres]")
    return url.set(drivername="postgresql+psycopg")


def file_of(engine: Engine) -> Path | None:
    """SQLite's file; None for PostgreSQL."""
    return Path(engine.url.database) if is_sqlite(engine) and engine.url.database else None


def is_sqlite(where: Engine | Connection) -> bool:
    return where.dialect.name == SQLITE


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write: on SQLite they are the single writer from their first statement."""
    return engine.execution_options(**{_WRITE: True})


def lock(conn: Connection, key: int) -> None:
    """Hold one of LOCKS until the transaction ends. SQLite's writer is alone anyway."""
    if not is_sqlite(conn):
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def away(error: BaseException) -> bool:
    """Whether an error says that the database cannot keep anything now, whatever it is given."""
    if isinstance(error, exc.TimeoutError | exc.DisconnectionError | exc.InterfaceError):
        return True
    if not isinstance(error, exc.DBAPIError):
        return isinstance(error, exc.ResourceClosedError)
    if error.connection_invalidated or isinstance(error, exc.OperationalError):
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return str(state).startswith(_AWAY_STATES)
    return isinstance(error.orig, sqlite3.DatabaseError) and any(word in str(error.orig) for word in _AWAY_SQLITE)


def again(error: BaseException) -> bool:
    """Whether the same transaction may succeed at once: a connection that went stale, or two that met head-on."""
    if not isinstance(error, exc.DBAPIError):
        return False
    return error.connection_invalidated or str(getattr(error.orig, "sqlstate", "")) in _RETRY_STATES


def reason(error: BaseException) -> str:
    """A database's own words, without the statement and its values, which may be private."""
    words = str(getattr(error, "orig", None) or error).strip().splitlines()
    return words[0][:200] if words else type(error).__name__


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # Transactions are begun by `_begin_sqlite`: the driver would begin them late, and only for some statements.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "cache_size=-32768"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get(_WRITE) else "BEGIN")

"""Everything in one file: JSON Lines, compressed, the same for both databases and readable by any later Paidan.

The first line says what it is, the last how many rows there must be: a file that was cut short is refused.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, delete, insert, select, text

from paidan.errors import LedgerError
from paidan.ledger import moment
from paidan.ledger.database import is_sqlite, writing
from paidan.ledger.json_text import dumps, loads
from paidan.ledger.migrate import HEAD, step, upgrade
from paidan.ledger.tables import metadata

FORMAT = 1
AT_ONCE = 1000
TEXT_KEY = "text_key"


def backup(engine: Engine, path: Path, text_key: str | None = None) -> dict[str, int]:
    """Write the ledger as it stands at one moment; rows by table. Only the owner can read the file.

    Args:
        text_key: the workspace's key in hexadecimal, without which repeats are not recognised after a restore.

    Raises:
        LedgerError: the file exists.
    """
    if path.exists():
        raise LedgerError(f"{path} exists; a backup never replaces another. Name a new file")
    partial = path.with_name(path.name + ".part")
    counts: dict[str, int] = {}
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            file = gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=5, filename="", mtime=0)
            with file, engine.connect() as conn:
                if not is_sqlite(conn):
                    conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
                _write(conn, file, counts, text_key)
            raw.flush()
            os.fsync(raw.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return counts


def _write(conn: Connection, file: gzip.GzipFile, counts: dict[str, int], text_key: str | None) -> None:
    def line(value: dict[str, Any]) -> None:
        file.write(dumps(value).encode() + b"\n")

    made_at = moment.now().isoformat(timespec="seconds")
    line({"paidan_ledger": FORMAT, "step": step(conn), "made_at": made_at, TEXT_KEY: text_key})
    for table in metadata.sorted_tables:
        counts[table.name] = 0
        rows = conn.execution_options(yield_per=AT_ONCE).execute(select(table).order_by(*table.primary_key.columns))
        for row in rows.mappings():
            line({"table": table.name, "row": dict(row)})
            counts[table.name] += 1
    line({"end": counts})


def read_head(path: Path) -> dict[str, Any]:
    """The first line of a backup.

    Raises:
        LedgerError: the file is none, or of a newer Paidan.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            head = loads(file.readline())
        if not isinstance(head, dict) or "paidan_ledger" not in head:
            raise ValueError
    except FileNotFoundError:
        raise LedgerError(f"{path} not found") from None
    except (OSError, EOFError, ValueError, zlib.error):
        raise LedgerError(f"{path} is no backup of a ledger; `paidan ledger backup FILE` writes one") from None
    if head["paidan_ledger"] > FORMAT or str(head["step"]) > HEAD:
        raise LedgerError(f"{path} was written by a newer Paidan (step {head['step']}). Upgrade Paidan first")
    return head


def restore(engine: Engine, path: Path) -> dict[str, Any]:
    """Replace everything by a backup, in one transaction: whatever goes wrong, the ledger is as before.

    Returns:
        The backup's head, with `counts` of rows by table.

    Raises:
        LedgerError: the file is no backup, is damaged or was cut short.
    """
    head = read_head(path)
    with writing(engine).begin() as conn:
        _drop(conn)
        upgrade(conn, str(head["step"]))
        tables = MetaData()
        tables.reflect(conn)
        counts = _fill(conn, tables, path)
        upgrade(conn, HEAD)
        if not is_sqlite(conn):
            _continue_numbers(conn)
    return {**head, "counts": counts}


def _drop(conn: Connection) -> None:
    there = MetaData()
    there.reflect(conn, only=lambda name, _: name == "alembic_version" or name in metadata.tables)
    there.drop_all(conn)


def _fill(conn: Connection, tables: MetaData, path: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, rows in _batches(path):
        if name not in tables.tables:
            raise LedgerError(f"{path} holds a table '{name}' that its step does not know; it is damaged")
        table: Table = tables.tables[name]
        if name not in counts:
            # A step may have filled its table already.
            conn.execute(delete(table))
        conn.execute(insert(table), rows)
        counts[name] = counts.get(name, 0) + len(rows)
    return counts


def _batches(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Rows of one table at a time. The end is checked before the last are used by anybody: all is one transaction."""
    counts: dict[str, int] = {}
    name = ""
    rows: list[dict[str, Any]] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            file.readline()
            for written in file:
                value = loads(written)
                if "end" in value:
                    if rows:
                        yield name, rows
                    if {table: n for table, n in value["end"].items() if n} != counts:
                        raise LedgerError(
                            f"{path} is damaged: its rows are not as many as it says. Nothing was changed"
                        )
                    return
                if rows and (value["table"] != name or len(rows) >= AT_ONCE):
                    yield name, rows
                    rows = []
                name = value["table"]
                rows.append(value["row"])
                counts[name] = counts.get(name, 0) + 1
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
        raise LedgerError(f"{path} is damaged. Nothing was changed; use another backup") from None
    raise LedgerError(f"{path} was cut short: its end is missing. Nothing was changed; use another backup")


def _continue_numbers(conn: Connection) -> None:
    """PostgreSQL counts its numbers apart from the rows."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            conn.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "
                    f"COALESCE((SELECT max({column.name}) FROM {table.name}), 0) + 1, false)"
                )
            )

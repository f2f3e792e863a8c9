"""Erase a ticket, and prove that it is gone: from the database's file, the journal, exports and caches."""

from __future__ import annotations

import gzip
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, delete, or_, select

from paidan.errors import LedgerError
from paidan.ledger import events
from paidan.ledger.database import is_sqlite
from paidan.ledger.json_text import dumps
from paidan.ledger.tables import changes, outcomes, predictions, replayed, reviews

ERASED = "erased"
PATIENCE_S = 10.0
# Shorter texts and ids stand in other tickets too, and would prove nothing.
TELLING = 6
BLOCK = 1 << 20
_TABLES = (predictions, reviews, outcomes, changes, replayed)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, to look for it afterwards. Keep it nowhere.

    Args:
        counts: rows removed, by table.
        prediction_ids: also those given while the database was away.
    """

    source: str
    id: str
    counts: dict[str, int]
    prediction_ids: tuple[str, ...]
    texts: tuple[str, ...]

    def traces(self) -> tuple[bytes, ...]:
        """Byte strings that only this ticket can have left somewhere."""
        words = {self.id, *self.prediction_ids}
        for text in self.texts:
            words.update((text, dumps(text)[1:-1]))
            words.update(line for line in text.splitlines())
        return tuple(sorted(word.encode() for word in words if len(word) >= TELLING))


def erase(conn: Connection, source: str, id: str, by: str, digest: str) -> Erased:
    """Remove every row of a ticket in the caller's transaction.

    Args:
        digest: keyed hash of the ticket, all that stays of it: a restored backup is cleaned by it.
    """
    of_ticket = (predictions.c.source == source) & (predictions.c.id == id)
    rows = conn.execute(select(predictions.c.prediction_id, predictions.c.masked_text).where(of_ticket)).all()
    ids = [row[0] for row in rows]
    aliases = list(conn.execute(select(replayed.c.entry).where(replayed.c.prediction_id.in_(ids))).scalars())
    of_changes = or_((changes.c.source == source) & (changes.c.id == id), changes.c.prediction_id.in_(ids))
    counts = {
        "reviews": conn.execute(delete(reviews).where(reviews.c.prediction_id.in_(ids))).rowcount,
        "replayed": conn.execute(delete(replayed).where(replayed.c.prediction_id.in_(ids))).rowcount,
        "changes": conn.execute(delete(changes).where(of_changes)).rowcount,
        "outcomes": conn.execute(delete(outcomes).where(outcomes.c.source == source, outcomes.c.id == id)).rowcount,
        "predictions": conn.execute(delete(predictions).where(of_ticket)).rowcount,
    }
    events.add(conn, ERASED, by, {"digest": digest, "predictions": counts["predictions"]})
    return Erased(source, id, counts, (*ids, *aliases), tuple(dict.fromkeys(row[1] for row in rows)))


def matching(conn: Connection, digests: Set[str], digest_of: Callable[[str, str], str]) -> list[tuple[str, str, str]]:
    """The tickets, as (source, id, digest), whose digest is among some."""
    tickets = conn.execute(
        select(predictions.c.source, predictions.c.id).where(predictions.c.id.is_not(None)).distinct()
    )
    found = []
    for source, id in tickets:
        digest = digest_of(source, id)
        if digest in digests:
            found.append((source, id, digest))
    return found


def overwrite(engine: Engine) -> None:
    """Have the database give up what it still holds of deleted rows.

    SQLite has overwritten them (`secure_delete`) and empties its write-ahead log; PostgreSQL frees their space.

    Raises:
        LedgerError: a long reader keeps SQLite's log from being emptied.
    """
    if not is_sqlite(engine):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            for table in _TABLES:
                conn.exec_driver_sql(f"VACUUM {table.name}")
        return
    connection = engine.raw_connection()
    try:
        end = time.monotonic() + PATIENCE_S
        while True:
            cursor = connection.cursor()
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.close()
            if not busy:
                return
            if time.monotonic() > end:
                raise LedgerError(
                    "the ticket is erased, but ledger.db-wal still holds it because a reader keeps the file in use. "
                    "Run `paidan ledger erase` again when no backup or report runs"
                )
            time.sleep(0.05)
    finally:
        connection.close()


def look_for(traces: Iterable[bytes], folder: Path, passed_over: Iterable[Path] = ()) -> tuple[int, list[Path]]:
    """Look for byte strings in every file under a folder, also within .gz, .xlsx and .zip.

    Returns:
        How many files were looked through, and those that hold a trace.
    """
    wanted = tuple(traces)
    skipped = {path.resolve() for path in passed_over}
    looked, found = 0, []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or skipped & {path.resolve(), *path.resolve().parents}:
            continue
        looked += 1
        if wanted and _found_in(path, wanted):
            found.append(path)
    return looked, found


def _found_in(path: Path, wanted: tuple[bytes, ...]) -> bool:
    try:
        return any(_holds(stream, wanted) for stream in _streams(path))
    except FileNotFoundError:
        return False
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile):
        # No archive after all: its bytes have been looked through as they are.
        return False


def _streams(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as plain:
        yield plain
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as unpacked:
            yield unpacked  # type: ignore[misc]
    elif path.suffix in (".xlsx", ".xlsm", ".zip") and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    yield member


def _holds(stream: IO[bytes], wanted: tuple[bytes, ...]) -> bool:
    overlap = max(map(len, wanted))
    tail = b""
    while block := stream.read(BLOCK):
        window = tail + block
        if any(trace in window for trace in wanted):
            return True
        tail = window[-overlap:]
    return False

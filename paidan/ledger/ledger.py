"""The ledger's one door: every use of the database goes through here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, exc, select, text, update

from paidan.errors import LedgerError, LedgerUnavailable
from paidan.ledger import changes, closed_tickets, corrections, erasure, events, outcomes, retention, reviews
from paidan.ledger.backup import backup, restore
from paidan.ledger.database import again, away, engine_for, is_sqlite, reason, writing
from paidan.ledger.draft import MASKED, Draft, drafts_of, stored_answer
from paidan.ledger.entry import Entry, Kept
from paidan.ledger.keeping import keep
from paidan.ledger.leash import Leash
from paidan.ledger.migrate import migrate
from paidan.ledger.reviews import Given
from paidan.ledger.settling import settle
from paidan.ledger.tables import change_sequence, predictions

T = TypeVar("T")
ATTEMPTS = 4


class Ledger:
    """What was answered, what readers and senders said of it later, and the way back to the sender.

    Threads may share one. Every method raises LedgerUnavailable while the database is away.
    """

    def __init__(self, url: str) -> None:
        self.engine = engine_for(url)
        self.leash = Leash()
        self._writer = writing(self.engine)
        # SQLite's writers of one process take turns here, where waiting costs nothing, and not in the database.
        self._turn: AbstractContextManager[Any] = threading.Lock() if is_sqlite(self.engine) else nullcontext()

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> Ledger:
        """The ledger at an address, its tables brought to the newest step unless told otherwise.

        Raises:
            LedgerUnavailable: the database is away.
            LedgerError: the address is wrong, or the tables are of a newer Paidan.
        """
        ledger = cls(url)
        try:
            if migrate:
                ledger.migrate()
        except BaseException:
            ledger.close()
            raise
        return ledger

    def migrate(self) -> None:
        with self._told():
            migrate(self.engine)

    def close(self) -> None:
        self.engine.dispose()

    # Answers

    def keep(self, entries: Sequence[Entry]) -> list[Kept]:
        """Keep answers in one transaction; what each client is told, in order."""
        return self.keep_drafts(drafts_of(list(entries)))

    def keep_drafts(self, drafts: Sequence[Draft]) -> list[Kept]:
        """Keep answers that have their ids already. Keeping the same draft again changes nothing."""
        return self._write(lambda conn: keep(conn, drafts)) if drafts else []

    def settle(self, drafts: Sequence[Draft]) -> int:
        """Keep answers that were given while the database was away; how many were not there yet."""
        return self._write(lambda conn: settle(conn, drafts))

    def prediction(self, prediction_id: str) -> dict[str, Any] | None:
        """The answer as it was sent, with `masked_text`, `reviews`, `revisions` of the ticket and its `outcome`."""
        return self._read(lambda conn: _prediction(conn, prediction_id))

    # What is said later

    def review(
        self,
        prediction_id: str,
        *,
        by: str,
        tag: Given = ...,
        urgency: Given = ...,
        kind: Given = ...,
        note: str | None = None,
        cause: str | None = None,
    ) -> dict[str, Any]:
        """Confirm an answer (no label given) or correct it; the sender learns of it by `changes`.

        Args:
            tag: None says that no tag fits.

        Raises:
            LedgerError: there is no such prediction.
        """
        given = {"tag": tag, "urgency": urgency, "kind": kind}
        return self._write(lambda conn: reviews.review(conn, prediction_id, by=by, given=given, note=note, cause=cause))

    def outcome(self, source: str, id: str, **fields: Any) -> dict[str, Any]:
        """What became of a ticket: `tag`, `queue`, `urgency`, `rerouted`, `closed_at`. See outcomes.record."""
        return self._write(lambda conn: outcomes.record(conn, source, id, fields))

    def import_outcomes(
        self, rows: Iterable[tuple[int, Mapping[str, Any]]], *, source: str, origin: str
    ) -> closed_tickets.Imported:
        """The outcomes of a file of closed tickets. See closed_tickets."""
        return closed_tickets.import_rows(rows, source, lambda some: self._write(lambda conn: some(conn)), origin)

    def first_dispatch(self, since: datetime | None = None, until: datetime | None = None) -> dict[str, Any]:
        """How often the first desk was the right one. See outcomes.first_dispatch."""
        bounds = [None if when is None else round(when.timestamp() * 1000) for when in (since, until)]
        return self._read(lambda conn: outcomes.first_dispatch(conn, bounds[0] or 0, bounds[1]))

    def changes(self, after: str | None = None, limit: int = 100) -> dict[str, Any]:
        """The changes after a cursor, in the order of their commits: `{"changes", "cursor", "more"}`."""
        with self._told():
            return changes.page(self.engine, after, limit)

    # Housekeeping

    def event(self, kind: str, by: str, details: Mapping[str, Any]) -> None:
        """Note what happened to a model or to the ledger. Never names a ticket."""
        self._write(lambda conn: events.add(conn, kind, by, details))

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        return self._read(lambda conn: events.of_kind(conn, kind))

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        return self._read(events.counts)

    def prune(self, before: datetime, by: str) -> dict[str, int]:
        """Remove what was answered before a time; how many rows of each table went."""
        return retention.prune(self._write, before, by)

    def erase(self, source: str, id: str, by: str, digest: str) -> erasure.Erased:
        """Remove every trace of a ticket from the database. See erasure."""
        found = self._write(lambda conn: erasure.erase(conn, source, id, by, digest))
        with self._told():
            erasure.overwrite(self.engine)
        return found

    def erase_again(self, digests: Set[str], digest_of: Callable[[str, str], str], by: str) -> int:
        """Erase the tickets that were erased before and came back with a backup; how many there were."""
        came_back = self._read(lambda conn: erasure.matching(conn, digests, digest_of))
        for source, id, digest in came_back:
            self.erase(source, id, by, digest)
        return len(came_back)

    def corrections(self, *, confirmed: bool = False) -> list[dict[str, Any]]:
        """What readers changed, as records. See corrections."""
        return self._read(lambda conn: list(corrections.corrections(conn, confirmed=confirmed)))

    def backup(self, path: Path, text_key: str | None = None) -> dict[str, int]:
        """Write everything to one file, as it stood at one moment. See backup."""
        with self._told():
            return backup(self.engine, path, text_key)

    def restore(self, path: Path) -> dict[str, Any]:
        """Replace everything by a backup, of this or an older Paidan, from either database. See backup."""
        with self._told(), self._turn:
            return restore(self.engine, path)

    def check(self) -> list[str]:
        """What is wrong with the database file and the rows' relations; empty when nothing is."""
        return self._read(events.integrity)

    def ping(self) -> None:
        """Raise LedgerUnavailable unless the database can be written now."""
        self._write(lambda conn: conn.execute(update(change_sequence).values(pruned=change_sequence.c.pruned)))

    def alive(self) -> None:
        """Raise LedgerUnavailable unless the database answers now."""
        self._read(lambda conn: conn.execute(text("SELECT 1")).scalar())

    def _read(self, work: Callable[[Connection], T]) -> T:
        def once() -> T:
            with self.engine.connect() as conn, self.leash.on(conn):
                return work(conn)

        return self._attempt(once)

    def _write(self, work: Callable[[Connection], T]) -> T:
        def once() -> T:
            with self._turn, self._writer.begin() as conn, self.leash.on(conn):
                return work(conn)

        return self._attempt(once)

    def _attempt(self, once: Callable[[], T]) -> T:
        """Run a transaction; again at once where that helps: a stale connection, or two that met head-on."""
        for left in range(ATTEMPTS - 1, -1, -1):
            pulled = self.leash.pulled
            try:
                with self._told():
                    return once()
            except _Again as error:
                if left == 0 or self.leash.pulled != pulled:
                    raise LedgerUnavailable(str(error)) from None
        raise AssertionError("unreachable")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A database's errors in the family's words: without the statement and its values, which are private."""
        try:
            yield
        except exc.SQLAlchemyError as error:
            if again(error):
                raise _Again(f"the ledger's database is away: {reason(error)}") from None
            if away(error):
                raise LedgerUnavailable(f"the ledger's database is away: {reason(error)}") from None
            raise LedgerError(f"the ledger's database refused: {reason(error)}") from None


class _Again(LedgerUnavailable):
    """Worth another attempt at once."""


def _prediction(conn: Connection, prediction_id: str) -> dict[str, Any] | None:
    row = reviews.find(conn, prediction_id)
    if row is None:
        return None
    revisions = [row]
    outcome = None
    if row["id"] is not None:
        same = (predictions.c.source == row["source"]) & (predictions.c.id == row["id"])
        revisions = list(conn.execute(select(predictions).where(same).order_by(predictions.c.revision)).mappings())
        outcome = outcomes.last(conn, row["source"], row["id"])
    names = ("prediction_id", "revision", "decision", "tag", "queue")
    return {
        **stored_answer(row),
        MASKED: row["masked_text"],
        "reviews": reviews.of_prediction(conn, row["prediction_id"]),
        "revisions": [{name: one[name] for name in names} for one in revisions],
        "outcome": outcome,
    }

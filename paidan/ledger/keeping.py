"""Keep answers: who comes first wins, who loses the race is answered with the stored row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from paidan.errors import LedgerError
from paidan.ledger.database import POSTGRES, SQLITE
from paidan.ledger.draft import Draft, stored_answer
from paidan.ledger.entry import Kept
from paidan.ledger.tables import predictions

# Each round gives at least one waiting revision its number; more rounds than this mean that something is broken.
ROUNDS = 100
_INSERT: dict[str, Any] = {
    SQLITE: sqlite.insert(predictions).on_conflict_do_nothing().returning(predictions.c.prediction_id),
    POSTGRES: postgresql.insert(predictions).on_conflict_do_nothing().returning(predictions.c.prediction_id),
}
_OF_TICKETS = (
    select(predictions)
    .where(predictions.c.source == bindparam("of_source"), predictions.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(predictions.c.revision)
)
_OF_IDS = select(predictions).where(predictions.c.prediction_id.in_(bindparam("ids", expanding=True)))
Ticket = tuple[str, str | None]


def keep(conn: Connection, drafts: Sequence[Draft], *, settled: bool = False) -> list[Kept]:
    """Keep drafts in the caller's transaction; one result each, in order.

    Drafts of the same ticket are taken in their order. The same draft kept twice is the same prediction.

    Args:
        settled: the answers were given already, so that another text cannot be refused any more.
    """
    # In one order for all: two transactions that insert the same tickets crosswise would wait for each other.
    order = sorted(range(len(drafts)), key=lambda i: (drafts[i].entry.source, drafts[i].entry.id or ""))
    results: list[Kept | None] = [None] * len(drafts)
    waiting = dict.fromkeys(order, 1)
    for _ in range(ROUNDS):
        won = _insert(conn, [drafts[i].row(revision) for i, revision in waiting.items()])
        losers = []
        for i, revision in waiting.items():
            if drafts[i].prediction_id in won:
                results[i] = Kept(drafts[i].answer(revision))
            else:
                losers.append(i)
        if not losers:
            return [result for result in results if result is not None]
        stored = _stored(conn, [drafts[i] for i in losers])
        waiting = {}
        for i in losers:
            draft = drafts[i]
            rows = stored.get(
                (draft.entry.source, draft.entry.id) if draft.entry.id is not None else (draft.prediction_id, None), []
            )
            found = _judge(draft, rows, settled)
            if found is None:
                waiting[i] = rows[-1]["revision"] + 1 if rows else 1
            else:
                results[i] = found
        if not waiting:
            return [result for result in results if result is not None]
    raise LedgerError("predictions could not be given a revision; run `paidan ledger status`")


def _insert(conn: Connection, rows: list[dict[str, Any]]) -> set[str]:
    """Insert what has no row yet; the ids of those that were inserted."""
    statement: Insert = _INSERT[conn.dialect.name]
    return set(conn.execute(statement, rows).scalars())


def _stored(conn: Connection, drafts: Sequence[Draft]) -> dict[Ticket, list[RowMapping]]:
    """The rows of the drafts' tickets by revision; a draft without identity has only its own row."""
    tickets: dict[str, set[str]] = {}
    alone = []
    for draft in drafts:
        if draft.entry.id is None:
            alone.append(draft.prediction_id)
        else:
            tickets.setdefault(draft.entry.source, set()).add(draft.entry.id)
    found: dict[Ticket, list[RowMapping]] = {}
    for source, ids in tickets.items():
        # A source at a time: pairs in a list would cost PostgreSQL a plan of their own.
        for row in conn.execute(_OF_TICKETS, {"of_source": source, "ids": sorted(ids)}).mappings():
            found.setdefault((row["source"], row["id"]), []).append(row)
    if alone:
        for row in conn.execute(_OF_IDS, {"ids": alone}).mappings():
            found[(row["prediction_id"], None)] = [row]
    return found


def _judge(draft: Draft, rows: Sequence[RowMapping], settled: bool) -> Kept | None:
    """What a loser is told; None when it is to become a new revision."""
    for row in rows:
        if row["prediction_id"] == draft.prediction_id:
            # Kept by an attempt whose commit was not heard of.
            return Kept(stored_answer(row))
    for row in rows:
        if row["text_key"] == draft.entry.text_key:
            return Kept(stored_answer(row, replayed=True))
    if rows and draft.entry.if_changed == "error" and not settled:
        return Kept(stored_answer(rows[-1], replayed=True), conflict=True)
    return None

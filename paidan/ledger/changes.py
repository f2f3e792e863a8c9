"""The way back: every later change to an answered ticket, in the order of the commits, without gaps.

A number taken at insert (a sequence, a ULID, a clock) would be wrong: a transaction that took a low number and
commits late is missed by a reader who has already gone past it. So a change is inserted without a position, and one
sequencer numbers whatever is committed, inside a transaction that holds an advisory lock (SQLite: the single writer).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, update

from paidan.errors import LedgerError
from paidan.ledger import moment
from paidan.ledger.database import LOCKS, lock, writing
from paidan.ledger.json_text import dumps, loads
from paidan.ledger.tables import change_sequence
from paidan.ledger.tables import changes as table

MOST = 1000
_WAITING = select(table.c.change_id).where(table.c.position.is_(None)).limit(1)


def add(
    conn: Connection,
    kind: str,
    ticket: Mapping[str, Any] | RowMapping,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    by: str | None = None,
    cause: str | None = None,
    at: int | None = None,
) -> None:
    """Note a change in the caller's transaction.

    Args:
        ticket: `prediction_id`, `source`, `id` and `revision` of what changed.
    """
    add_all(conn, [row(kind, ticket, old, new, by=by, cause=cause, at=at)])


def row(
    kind: str,
    ticket: Mapping[str, Any] | RowMapping,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    by: str | None = None,
    cause: str | None = None,
    at: int | None = None,
) -> dict[str, Any]:
    """The row of a change, still without a position."""
    return {
        "at": moment.stored(moment.now()) if at is None else at,
        "kind": kind,
        **{name: ticket[name] for name in ("prediction_id", "source", "id", "revision")},
        "by": by,
        "cause": cause,
        "old": dumps(old),
        "new": dumps(new),
    }


def add_all(conn: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        conn.execute(insert(table), rows)


def page(engine: Engine, after: str | None, limit: int) -> dict[str, Any]:
    """The changes after a cursor: `{"changes": […], "cursor": "…", "more": bool}`.

    Raises:
        LedgerError: the cursor is none, or what follows it is beyond retention.
    """
    start = _position(after)
    limit = max(1, min(limit, MOST))
    number(engine)
    with engine.connect() as conn:
        pruned = conn.execute(select(change_sequence.c.pruned)).scalar_one()
        if after and start < pruned:
            raise LedgerError(
                f"changes between cursor {start} and {pruned} were removed by retention. Start again without `after` and "
                "compare; then follow more often than the retention"
            )
        found = conn.execute(
            select(table).where(table.c.position > start).order_by(table.c.position).limit(limit + 1)
        ).mappings()
        rows = [_shown(row) for row in found]
    more = len(rows) > limit
    rows = rows[:limit]
    return {"changes": rows, "cursor": rows[-1]["cursor"] if rows else str(start), "more": more}


def number(engine: Engine) -> int:
    """Give every committed change that has none its position; how many were given."""
    with engine.connect() as conn:
        if conn.execute(_WAITING).first() is None:
            return 0
    with writing(engine).begin() as conn:
        # The lock first, in a statement of its own: what is read after it sees all that earlier holders committed.
        lock(conn, LOCKS["changes"])
        last = conn.execute(select(change_sequence.c.last)).scalar_one()
        # Within a ticket change ids follow the commits, because whoever changes a ticket holds its row.
        waiting = (
            select(table.c.change_id, func.row_number().over(order_by=table.c.change_id).label("place"))
            .where(table.c.position.is_(None))
            .subquery()
        )
        given = conn.execute(
            update(table).where(table.c.change_id == waiting.c.change_id).values(position=last + waiting.c.place)
        ).rowcount
        conn.execute(update(change_sequence).values(last=last + given))
        return given


def _position(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise LedgerError(
            f"'{cursor[:40]}' is no cursor. Send the `cursor` of the last page as it was given, or none to begin"
        )
    return int(cursor)


def _shown(found: RowMapping) -> dict[str, Any]:
    return {
        "cursor": str(found["position"]),
        "kind": found["kind"],
        "at": moment.shown(found["at"]),
        "prediction_id": found["prediction_id"],
        "source": found["source"],
        "id": found["id"],
        "revision": found["revision"],
        "by": found["by"],
        "cause": found["cause"],
        "old": loads(found["old"]),
        "new": loads(found["new"]),
    }

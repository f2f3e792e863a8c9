"""Remove what is older than it may be kept: a little at a time, so that answering goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from ulid import ULID

from paidan.ledger import events, moment
from paidan.ledger.database import LOCKS, lock
from paidan.ledger.tables import change_sequence, changes, outcomes, predictions, replayed, reviews

AT_ONCE = 500
PRUNED = "pruned"
Write = Callable[[Callable[[Connection], Any]], Any]


def cutoff(days: int) -> datetime:
    """The time before which nothing is kept."""
    return moment.now() - timedelta(days=days)


def prune(write: Write, before: datetime, by: str) -> dict[str, int]:
    """Remove predictions answered before a time, with their reviews, outcomes and changes.

    Args:
        write: runs a piece of work in one transaction.
    """
    gone = dict.fromkeys(("predictions", "reviews", "outcomes", "changes"), 0)
    while True:
        some = write(lambda conn: _some(conn, before))
        for name, count in some.items():
            gone[name] += count
        if not any(some.values()):
            break
    if any(gone.values()):
        details = {"before": before.isoformat(timespec="seconds"), **gone}
        write(lambda conn: events.add(conn, PRUNED, by, details))
    return gone


def lowest_id(when: datetime) -> str:
    """The lowest prediction id that an answer of a time or later can have: ids begin with their time."""
    return str(ULID.from_bytes(moment.stored(when).to_bytes(6, "big") + bytes(10)))


def _some(conn: Connection, before: datetime) -> dict[str, int]:
    lock(conn, LOCKS["prune"])
    at = moment.stored(before)
    old = list(
        conn.execute(
            select(predictions.c.prediction_id)
            .where(predictions.c.prediction_id < lowest_id(before))
            .order_by(predictions.c.prediction_id)
            .limit(AT_ONCE)
        ).scalars()
    )
    gone = {"predictions": len(old), "reviews": 0}
    if old:
        gone["reviews"] = conn.execute(delete(reviews).where(reviews.c.prediction_id.in_(old))).rowcount
        conn.execute(delete(replayed).where(replayed.c.prediction_id.in_(old)))
        conn.execute(delete(predictions).where(predictions.c.prediction_id.in_(old)))
    aged = select(outcomes.c.outcome_id).where(outcomes.c.at < at).order_by(outcomes.c.outcome_id).limit(AT_ONCE)
    gone["outcomes"] = conn.execute(delete(outcomes).where(outcomes.c.outcome_id.in_(aged))).rowcount
    gone["changes"] = _changes(conn, at)
    return gone


def _changes(conn: Connection, at: int) -> int:
    """Old changes that have their position, up to the first that is to stay: no gap for who follows."""
    stays = select(func.min(changes.c.position)).where(changes.c.at >= at).scalar_subquery()
    wanted = select(changes.c.position).where(
        changes.c.position.is_not(None), changes.c.position < func.coalesce(stays, 1 << 62)
    )
    positions = list(conn.execute(wanted.order_by(changes.c.position).limit(AT_ONCE)).scalars())
    if not positions:
        return 0
    conn.execute(delete(changes).where(changes.c.position <= positions[-1]))
    conn.execute(update(change_sequence).values(pruned=positions[-1]))
    return len(positions)

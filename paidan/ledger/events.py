"""What happened to models and to the ledger itself, and how many rows there are. Never names a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, text

from paidan.ledger import moment
from paidan.ledger.database import is_sqlite
from paidan.ledger.json_text import dumps, loads
from paidan.ledger.tables import events, metadata, predictions, reviews


def add(conn: Connection, kind: str, by: str, details: Mapping[str, Any]) -> None:
    """Note an event in the caller's transaction."""
    conn.execute(insert(events).values(at=moment.stored(moment.now()), kind=kind, by=by, details=dumps(details)))


def of_kind(conn: Connection, kind: str | None = None) -> list[dict[str, Any]]:
    """Events, oldest first; all kinds unless one is named."""
    wanted = select(events).order_by(events.c.event_id)
    if kind is not None:
        wanted = wanted.where(events.c.kind == kind)
    return [
        {"at": moment.shown(row["at"]), "kind": row["kind"], "by": row["by"], "details": loads(row["details"])}
        for row in conn.execute(wanted).mappings()
    ]


def counts(conn: Connection) -> dict[str, int]:
    """Rows of each table."""
    return {
        table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


def integrity(conn: Connection) -> list[str]:
    """What is wrong, in sentences."""
    problems = []
    if is_sqlite(conn):
        found = [str(row[0]) for row in conn.execute(text("PRAGMA integrity_check(10)"))]
        problems += [f"the database file: {line}" for line in found if line != "ok"]
    orphans = conn.execute(
        select(func.count())
        .select_from(reviews)
        .outerjoin(predictions, predictions.c.prediction_id == reviews.c.prediction_id)
        .where(predictions.c.prediction_id.is_(None))
    ).scalar_one()
    if orphans:
        problems.append(f"{orphans} reviews belong to no prediction")
    twice = conn.execute(
        select(func.count()).select_from(
            select(predictions.c.source)
            .where(predictions.c.id.is_not(None))
            .group_by(predictions.c.source, predictions.c.id, predictions.c.revision)
            .having(func.count() > 1)
            .subquery()
        )
    ).scalar_one()
    if twice:
        problems.append(f"{twice} revisions are there twice")
    return problems

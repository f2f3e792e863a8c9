"""What was answered in a span of time, read page by page, to be answered again by another version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from paidan.ledger import moment
from paidan.ledger.json_text import loads
from paidan.ledger.ledger import Ledger
from paidan.ledger.tables import predictions

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Answered:
    """One stored answer and what it answered. The text is the masked one, which gets the answer of the text."""

    prediction_id: str
    source: str
    id: str | None
    masked_text: str
    received_at: datetime
    channel: str | None
    fields: Mapping[str, Any] | None
    answer: Mapping[str, Any]


def answers_since(ledger: Ledger, since: datetime, until: datetime | None = None) -> Iterator[Answered]:
    """Every answer given from `since` on and before `until`, oldest first.

    Raises:
        LedgerUnavailable: the database is away.
    """
    after = ""
    while True:
        rows = ledger._read(partial(_page, since=since, until=until, after=after))
        yield from map(_answered, rows)
        if len(rows) < PAGE:
            return
        after = rows[-1]["prediction_id"]


def _page(conn: Connection, since: datetime, until: datetime | None, after: str) -> list[RowMapping]:
    # Prediction ids are in the order of time, and the primary key: a page costs nothing more than its rows.
    wanted = select(predictions).where(predictions.c.answered_at >= moment.stored(since))
    wanted = wanted.where(predictions.c.prediction_id > after)
    if until is not None:
        wanted = wanted.where(predictions.c.answered_at < moment.stored(until))
    return list(conn.execute(wanted.order_by(predictions.c.prediction_id).limit(PAGE)).mappings())


def _answered(row: RowMapping) -> Answered:
    return Answered(
        row["prediction_id"],
        row["source"],
        row["id"],
        row["masked_text"],
        datetime.fromtimestamp(row["received_at"] / 1000, UTC),
        row["channel"],
        loads(row["fields"]) if row["fields"] else None,
        loads(row["answer"]),
    )

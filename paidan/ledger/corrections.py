"""What readers changed, as records that the next model learns from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, select

from paidan.ledger import moment
from paidan.ledger.json_text import loads
from paidan.ledger.reviews import CORRECTED, LABELS
from paidan.ledger.tables import predictions, reviews


def corrections(conn: Connection, *, confirmed: bool = False) -> Iterator[dict[str, Any]]:
    """One record a reviewed prediction, with its labels as they stand, oldest first. The text is the masked one.

    Args:
        confirmed: also what readers left as it was.
    """
    newest = select(func.max(reviews.c.review_id)).group_by(reviews.c.prediction_id)
    touched = select(reviews.c.prediction_id).where(reviews.c.verdict == CORRECTED)
    wanted = (
        select(
            predictions.c.source,
            predictions.c.id,
            predictions.c.masked_text,
            predictions.c.channel,
            predictions.c.fields,
            predictions.c.received_at,
            reviews.c.new,
            reviews.c.by,
            reviews.c.cause,
            reviews.c.at,
        )
        .join_from(reviews, predictions, predictions.c.prediction_id == reviews.c.prediction_id)
        .where(reviews.c.review_id.in_(newest))
        .order_by(reviews.c.review_id)
    )
    if not confirmed:
        wanted = wanted.where(reviews.c.prediction_id.in_(touched))
    for row in conn.execute(wanted).mappings():
        labels = loads(row["new"])
        yield {
            "id": row["id"],
            "source": row["source"],
            "text": row["masked_text"],
            **{name: labels.get(name) for name in LABELS},
            "channel": row["channel"],
            "received_at": moment.shown(row["received_at"]),
            "fields": loads(row["fields"]) if row["fields"] else None,
            "reviewed_by": row["by"],
            "reviewed_at": moment.shown(row["at"]),
            "cause": row["cause"],
        }

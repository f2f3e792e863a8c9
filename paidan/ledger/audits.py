"""Blind readings of would-be-auto answers: what proves the precision contract, and what later breaks it.

A review counts when its cause is `audit`: it was drawn at random and read without seeing the answer. Other reviews are
of answers that someone chose, mostly because they look wrong, and would say nothing of the stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from paidan.ledger.json_text import loads
from paidan.ledger.ledger import Ledger
from paidan.ledger.tables import predictions, reviews

AUDIT = "audit"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Reading:
    """One blind reading of an answer that would be routed unattended.

    Attributes:
        review_id: in the order in which readings were made.
        masked_text: what was read.
        tag: what the reader says; None when no tag fits.
        said: what the answer says.
    """

    review_id: int
    masked_text: str
    tag: str | None
    said: str | None

    @property
    def right(self) -> bool:
        return self.tag is not None and self.tag == self.said


def readings(ledger: Ledger, model: str, after: int = 0) -> list[Reading]:
    """The first blind reading of each would-be-auto answer of a model (`paidan/7`), oldest first.

    Args:
        after: only reviews newer than this one.

    Raises:
        LedgerUnavailable: the database is away.
    """
    return ledger._read(lambda conn: list(_readings(conn, model, after)))


def uncounted(ledger: Ledger, model: str) -> int:
    """How many reviews of a model's answers are no blind readings."""

    def count(conn: Connection) -> int:
        joined = select(func.count()).select_from(reviews.join(predictions))
        other = func.coalesce(reviews.c.cause, "") != AUDIT
        return int(conn.execute(joined.where(predictions.c.model == model, other)).scalar() or 0)

    return ledger._read(count)


def _readings(conn: Connection, model: str, after: int) -> Iterator[Reading]:
    # A second reader of the same answer measures agreement, not precision: only the first counts.
    first = select(func.min(reviews.c.review_id)).where(reviews.c.cause == AUDIT).group_by(reviews.c.prediction_id)
    wanted = (
        select(reviews.c.review_id, reviews.c.new, predictions.c.answer, predictions.c.masked_text)
        .join_from(reviews, predictions, predictions.c.prediction_id == reviews.c.prediction_id)
        .where(predictions.c.model == model, reviews.c.review_id > after, reviews.c.review_id.in_(first))
        .order_by(reviews.c.review_id)
    )
    for row in conn.execute(wanted).mappings():
        answer: dict[str, Any] = loads(row["answer"])
        if answer.get("would_be") == AUTO:
            said = (answer.get("tag") or {}).get("id")
            yield Reading(row["review_id"], row["masked_text"], loads(row["new"]).get("tag"), said)

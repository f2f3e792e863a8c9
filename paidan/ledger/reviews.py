"""A reader's verdict on an answer: confirmed, or corrected."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from paidan.errors import LedgerError
from paidan.ledger import changes, moment
from paidan.ledger.json_text import dumps, loads
from paidan.ledger.tables import predictions, replayed, reviews
from paidan.ledger.words import words

LABELS = ("tag", "urgency", "kind")
CONFIRMED, CORRECTED = "confirmed", "corrected"
# Not given, which is other than None: a tag of None says that no tag fits.
Given = str | None | EllipsisType


def review(
    conn: Connection,
    prediction_id: str,
    *,
    by: str,
    given: Mapping[str, Given],
    note: str | None = None,
    cause: str | None = None,
) -> dict[str, Any]:
    """Record a verdict and its change.

    Args:
        given: what the reader says of tag, urgency and kind; `...` leaves one as it is.

    Raises:
        LedgerError: there is no such prediction.
    """
    row = find(conn, prediction_id, hold=True)
    if row is None:
        raise LedgerError(f"there is no prediction '{prediction_id[:40]}'. `prediction_id` stands in the answer")
    old = standing(conn, row)
    new = {**old, **{name: words(name, value) for name, value in given.items() if not isinstance(value, EllipsisType)}}
    verdict = CORRECTED if new != old else CONFIRMED
    at = moment.stored(moment.now())
    note, cause, by = words("note", note), words("cause", cause), words("by", by) or ""
    values = {"by": by, "verdict": verdict, "note": note, "cause": cause}
    result = conn.execute(
        insert(reviews).values(prediction_id=row["prediction_id"], at=at, old=dumps(old), new=dumps(new), **values)
    )
    kind = "correction" if verdict == CORRECTED else "review"
    changes.add(conn, kind, row, old, new, by=by, cause=cause, at=at)
    ticket = {name: row[name] for name in ("prediction_id", "source", "id", "revision")}
    key = result.inserted_primary_key
    return {"review_id": key[0] if key else None, **ticket, **values, "at": moment.shown(at), "old": old, "new": new}


def find(conn: Connection, prediction_id: str, *, hold: bool = False) -> RowMapping | None:
    """The row of a prediction, also by the id that an answer had while the database was away.

    Args:
        hold: keep others from changing it until the transaction ends.
    """
    wanted = select(predictions).where(predictions.c.prediction_id == prediction_id)
    row = conn.execute(wanted.with_for_update() if hold else wanted).mappings().first()
    if row is not None:
        return row
    became = conn.execute(select(replayed.c.prediction_id).where(replayed.c.entry == prediction_id)).scalar()
    return find(conn, became, hold=hold) if became is not None and became != prediction_id else None


def standing(conn: Connection, row: RowMapping) -> dict[str, Any]:
    """Tag, urgency and kind as they stand after all reviews."""
    last = conn.execute(
        select(reviews.c.new)
        .where(reviews.c.prediction_id == row["prediction_id"])
        .order_by(reviews.c.review_id.desc())
        .limit(1)
    ).scalar()
    if last is not None:
        known: dict[str, Any] = loads(last)
        return known
    answer = loads(row["answer"])
    return {name: (answer.get(name) or {}).get("id") for name in LABELS}


def of_prediction(conn: Connection, prediction_id: str) -> list[dict[str, Any]]:
    """The reviews of a prediction, oldest first."""
    found = conn.execute(
        select(reviews).where(reviews.c.prediction_id == prediction_id).order_by(reviews.c.review_id)
    ).mappings()
    return [
        {
            "review_id": row["review_id"],
            "at": moment.shown(row["at"]),
            **{name: row[name] for name in ("by", "verdict", "note", "cause")},
            "old": loads(row["old"]),
            "new": loads(row["new"]),
        }
        for row in found
    ]

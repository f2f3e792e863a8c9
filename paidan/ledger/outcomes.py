"""What became of a ticket in the sender's system. Kept apart from reviews: an agent who accepts a suggestion is weak evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from paidan.errors import LedgerError
from paidan.ledger import changes, moment
from paidan.ledger.json_text import loads
from paidan.ledger.tables import outcomes, predictions
from paidan.ledger.words import words
from paidan.report.proportion import proportion

FIELDS = ("tag", "queue", "urgency", "rerouted", "closed_at")
AUTO = "auto"
API = "api"


def record(
    conn: Connection, source: str, id: str, fields: Mapping[str, Any], *, origin: str = API, by: str | None = None
) -> dict[str, Any]:
    """Record an outcome, and a change when it differs from what was said last.

    What is not given stays as an earlier outcome said; the same outcome twice is kept once.

    Args:
        fields: of FIELDS. `rerouted` is derived from `queue` when only that is given: another desk than ours.

    Raises:
        LedgerError: a field is unknown or of the wrong type.
    """
    given = _checked(fields)
    source, ticket = words("source", source, 200) or "", words("id", id, 200) or ""
    row = _latest(conn, source, ticket)
    before = last(conn, source, ticket)
    said = _said(row)
    now = {**(before or dict.fromkeys(FIELDS)), **given}
    if "rerouted" not in given and given.get("queue") is not None and said["queue"] is not None:
        now["rerouted"] = given["queue"] != said["queue"]
    # The ticket's id is `id`, whatever the revision that it was last answered with.
    result: dict[str, Any] = {
        "source": source,
        "id": ticket,
        "prediction_id": row["prediction_id"] if row else None,
        "joined": row is not None,
        "recorded": now != before,
        "outcome": now,
        "changed": {},
    }
    if now == before:
        return result
    at = moment.stored(moment.now())
    conn.execute(insert(outcomes).values(source=source, id=ticket, at=at, origin=origin, **now))
    if row is None:
        return result
    known = {name: value for name, value in (before or {}).items() if value is not None}
    old = {**said, **known}
    differing = [name for name in said if now[name] is not None and now[name] != old[name]]
    if differing:
        result["changed"] = {name: now[name] for name in differing}
        kind = "reroute" if {"queue", "rerouted"} & set(differing) else "outcome"
        changes.add(conn, kind, row, {name: old[name] for name in differing}, result["changed"], by=by, at=at)
    return result


def first_dispatch(conn: Connection, since: int = 0, until: int | None = None) -> dict[str, Any]:
    """First-dispatch accuracy, 1 − rerouted ÷ routed, with its 95 % interval.

    Counts each ticket once, by its newest revision. `auto` is over answers routed unattended; `proposed` is over all
    whose outcome names a desk, and says how often ours was it.
    """
    newest = (
        select(outcomes.c.source, outcomes.c.id, func.max(outcomes.c.outcome_id).label("outcome_id"))
        .group_by(outcomes.c.source, outcomes.c.id)
        .subquery()
    )
    revision = (
        select(predictions.c.source, predictions.c.id, func.max(predictions.c.revision).label("revision"))
        .where(predictions.c.id.is_not(None))
        .group_by(predictions.c.source, predictions.c.id)
        .subquery()
    )
    same_ticket = (predictions.c.source == outcomes.c.source) & (predictions.c.id == outcomes.c.id)
    wanted = (
        select(predictions.c.decision, outcomes.c.rerouted, func.count())
        .join_from(outcomes, newest, outcomes.c.outcome_id == newest.c.outcome_id)
        .join(predictions, same_ticket)
        .join(
            revision,
            (predictions.c.source == revision.c.source)
            & (predictions.c.id == revision.c.id)
            & (predictions.c.revision == revision.c.revision),
        )
        .where(outcomes.c.rerouted.is_not(None), predictions.c.answered_at >= since)
        .group_by(predictions.c.decision, outcomes.c.rerouted)
    )
    if until is not None:
        wanted = wanted.where(predictions.c.answered_at < until)
    counts = [(row[0], bool(row[1]), int(row[2])) for row in conn.execute(wanted)]
    report: dict[str, Any] = {}
    for name, chosen in (("auto", [c for c in counts if c[0] == AUTO]), ("proposed", counts)):
        routed = sum(n for _, _, n in chosen)
        rerouted = sum(n for _, moved, n in chosen if moved)
        report[name] = {**proportion(routed - rerouted, routed), "routed": routed, "rerouted": rerouted}
    return report


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise LedgerError(f"outcome: unknown field '{unknown[0]}'; allowed are {', '.join(FIELDS)}")
    rerouted = fields.get("rerouted")
    if rerouted is not None and not isinstance(rerouted, bool):
        raise LedgerError(f"outcome: rerouted is true or false, found {type(rerouted).__name__}")
    return {
        name: value if name == "rerouted" else words(name, value, 200)
        for name, value in fields.items()
        if value is not None
    }


def _latest(conn: Connection, source: str, id: str) -> RowMapping | None:
    """The newest revision of a ticket, held until the transaction ends."""
    return (
        conn.execute(
            select(predictions)
            .where(predictions.c.source == source, predictions.c.id == id)
            .order_by(predictions.c.revision.desc())
            .limit(1)
            .with_for_update()
        )
        .mappings()
        .first()
    )


def last(conn: Connection, source: str, id: str) -> dict[str, Any] | None:
    """What is known of a ticket's end; None when nothing was said."""
    row = (
        conn.execute(
            select(*(outcomes.c[name] for name in FIELDS))
            .where(outcomes.c.source == source, outcomes.c.id == id)
            .order_by(outcomes.c.outcome_id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    return dict(row) if row else None


def _said(row: RowMapping | None) -> dict[str, Any]:
    """What our answer said of what an outcome can say. The desk is the proposed one: triage only passes on."""
    if row is None:
        return {"tag": None, "queue": None, "urgency": None, "rerouted": False}
    answer = loads(row["answer"])
    route = answer.get("route") or {}
    return {
        "tag": row["tag"],
        "queue": (route.get("proposed") or route.get("queue") or {}).get("id"),
        "urgency": (answer.get("urgency") or {}).get("id"),
        "rerouted": False,
    }

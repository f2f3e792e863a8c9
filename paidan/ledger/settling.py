"""What was answered while the database was away finds its place in it: in order, and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from paidan.ledger import changes
from paidan.ledger.draft import Draft
from paidan.ledger.entry import Kept
from paidan.ledger.keeping import keep
from paidan.ledger.tables import replayed

SETTLED = "settled"
_DONE = select(replayed.c.entry).where(replayed.c.entry.in_(bindparam("entries", expanding=True)))


def settle(conn: Connection, drafts: Sequence[Draft]) -> int:
    """Keep journaled drafts in the caller's transaction; how many were not there yet.

    The first answer to a ticket stays the answer. A later one becomes a revision, or is dropped when it repeats the
    text. Each has a change, so that its sender learns its revision and, if dropped, which answer stands.
    """
    done = set(conn.execute(_DONE, {"entries": [draft.prediction_id for draft in drafts]}).scalars())
    fresh = list({draft.prediction_id: draft for draft in drafts if draft.prediction_id not in done}.values())
    if not fresh:
        return 0
    kept = keep(conn, fresh, settled=True)
    conn.execute(
        insert(replayed),
        [
            {"entry": draft.prediction_id, "prediction_id": result.answer["prediction_id"]}
            for draft, result in zip(fresh, kept, strict=True)
        ],
    )
    changes.add_all(conn, [_change(draft, result) for draft, result in zip(fresh, kept, strict=True)])
    return len(fresh)


def _change(draft: Draft, result: Kept) -> dict[str, Any]:
    told, stands = draft.answer(None), result.answer
    new = {**_gist(stands), "repeat": stands["prediction_id"] != draft.prediction_id}
    return changes.row(SETTLED, stands, _gist(told), new)


def _gist(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What a sender acts on."""
    tag, route = answer.get("tag"), answer.get("route")
    return {
        "prediction_id": answer["prediction_id"],
        "revision": answer["revision"],
        "decision": answer.get("decision"),
        "tag": tag["id"] if tag else None,
        "urgency": (answer.get("urgency") or {}).get("id"),
        "queue": route["queue"]["id"] if route else None,
    }

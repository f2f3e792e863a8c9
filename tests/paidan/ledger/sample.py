"""Entries for tests, as the server makes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from paidan.ledger.entry import Entry
from paidan.ledger.text_key import TextKey
from paidan.message import Message

KEY = TextKey(bytes(range(32)))
TEXT = "空调修了三次还是不制冷"
RECEIVED = "2026-11-22T09:29:58+08:00"


def answer(
    tag: str | None = "product.battery", decision: str = "suggest", proposed: str = "after-sales"
) -> dict[str, Any]:
    """An answer in the shape that the contract promises."""
    queue = proposed if decision == "auto" else "triage"
    return {
        "prediction_id": None,
        "source": None,
        "id": None,
        "revision": None,
        "replayed": False,
        "dry_run": False,
        "model": "paidan/7",
        "received_at": RECEIVED,
        "answered_at": None,
        "decision": decision,
        "would_be": "auto",
        "reason": "trial",
        "tag": {"id": tag, "name": "产品故障-电池续航", "probability": 0.93} if tag else None,
        "candidates": [],
        "urgency": {"id": "medium", "name": "中"},
        "kind": {"id": "complaint", "name": "投诉", "probability": 0.99},
        "heads": {},
        "route": {"queue": {"id": queue, "name": queue}, "proposed": {"id": proposed, "name": proposed}},
    }


def entry(
    id: str | None = "T-1", text: str = TEXT, source: str = "crm-a", if_changed: str = "revise", **more: Any
) -> Entry:
    """An entry of a text under a ticket id; `more` goes to `answer`."""
    return Entry(
        source=source,
        id=id,
        text_key=KEY.of(Message.from_text(text)),
        masked_text=text,
        answer={**answer(**more), "id": id},
        received_at=datetime.fromisoformat(RECEIVED),
        channel="phone",
        fields={"region": "华东"},
        if_changed=if_changed,
    )

"""What is handed to the ledger, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered message.

    Args:
        source: the sending system.
        id: the sender's own ticket id; None has no identity and is always a new prediction.
        text_key: keyed hash of the raw text, by which the same text is recognised.
        masked_text: the text as it may be stored.
        answer: the full answer; its identity (`prediction_id`, `revision`, `answered_at`…) is filled in by the ledger.
        if_changed: `revise` makes a new revision of another text under the same (source, id), `error` refuses it.
    """

    source: str
    id: str | None
    text_key: str
    masked_text: str
    answer: Mapping[str, Any]
    received_at: datetime
    channel: str | None = None
    fields: Mapping[str, Any] | None = None
    if_changed: str = "revise"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the client is told.

    Args:
        answer: the answer with its identity; the stored one when the message was answered before.
        conflict: another text under the same (source, id) was refused; `answer` is the stored one.
    """

    answer: dict[str, Any]
    conflict: bool = False

"""An entry that has its identity and is on its way into the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping
from ulid import ULID

from paidan.ledger import moment
from paidan.ledger.entry import Entry
from paidan.ledger.json_text import dumps, loads

# PostgreSQL stores no NUL; its visible sign keeps the length, so that offsets still hold.
NUL, NUL_SIGN = "\x00", "␀"
MASKED = "masked_text"


@dataclass(slots=True)
class Draft:
    """An entry with its prediction id: the same whether it goes to the database or, first, to the journal.

    Args:
        answered_at: milliseconds since 1970.
        written: `answered_at` as the client reads it.
        body: the answer as JSON text, without its masked text, which has a column of its own.
    """

    prediction_id: str
    entry: Entry
    answered_at: int
    written: str
    body: str

    def row(self, revision: int) -> dict[str, Any]:
        """The row of `predictions`."""
        entry = self.entry
        answer = entry.answer
        tag, route = answer.get("tag"), answer.get("route")
        return {
            "prediction_id": self.prediction_id,
            "source": entry.source,
            "id": entry.id,
            "revision": revision,
            "text_key": entry.text_key,
            "masked_text": entry.masked_text.replace(NUL, NUL_SIGN),
            "answer": self.body,
            "received_at": round(entry.received_at.timestamp() * 1000),
            "answered_at": self.answered_at,
            "channel": entry.channel,
            "fields": None if entry.fields is None else dumps(entry.fields),
            "model": answer.get("model"),
            "decision": answer.get("decision"),
            "tag": tag["id"] if tag else None,
            "queue": route["queue"]["id"] if route else None,
        }

    def answer(self, revision: int | None) -> dict[str, Any]:
        """What the client is told of a message that is answered for the first time."""
        entry = self.entry
        answer = dict(entry.answer)
        answer["prediction_id"] = self.prediction_id
        answer["source"] = entry.source
        answer["id"] = entry.id
        answer["revision"] = revision
        answer["replayed"] = False
        answer["answered_at"] = self.written
        return answer

    def to_line(self) -> str:
        """The journal's line for this draft."""
        entry = self.entry
        return dumps(
            {
                "entry": self.prediction_id,
                "source": entry.source,
                "id": entry.id,
                "text_key": entry.text_key,
                "masked_text": entry.masked_text,
                "received_at": entry.received_at.isoformat(),
                "answered_at": self.answered_at,
                "written": self.written,
                "channel": entry.channel,
                "fields": entry.fields,
                "body": self.body,
            }
        )

    @classmethod
    def from_line(cls, line: str) -> Draft:
        """The draft of a journal's line.

        Raises:
            ValueError, KeyError, TypeError: it is none.
        """
        raw = loads(line)
        entry = Entry(
            source=raw["source"],
            id=raw["id"],
            text_key=raw["text_key"],
            masked_text=raw["masked_text"],
            answer=loads(raw["body"]),
            received_at=datetime.fromisoformat(raw["received_at"]),
            channel=raw["channel"],
            fields=raw["fields"],
        )
        return cls(raw["entry"], entry, raw["answered_at"], raw["written"], raw["body"])


def drafts_of(entries: list[Entry]) -> list[Draft]:
    """Give entries their prediction ids and the moment of their answer."""
    now = datetime.now(UTC)
    at = moment.stored(now)
    written: dict[str, str] = {}
    drafts = []
    for entry in entries:
        answer = entry.answer
        received = answer.get("received_at")
        offset = received[19:] if isinstance(received, str) else ""
        if offset not in written:
            written[offset] = now.astimezone(moment.zone_of(received)).isoformat(timespec="seconds")
        body = {name: value for name, value in answer.items() if name != MASKED} if MASKED in answer else answer
        drafts.append(Draft(str(ULID()), entry, at, written[offset], dumps(body)))
    return drafts


def stored_answer(row: RowMapping, *, replayed: bool = False) -> dict[str, Any]:
    """The answer of a row of `predictions`, as it was sent."""
    answer: dict[str, Any] = loads(row["answer"])
    answer["prediction_id"] = row["prediction_id"]
    answer["source"] = row["source"]
    answer["id"] = row["id"]
    answer["revision"] = row["revision"]
    answer["replayed"] = replayed
    answer["answered_at"] = moment.shown(row["answered_at"], moment.zone_of(answer.get("received_at")))
    if "evidence" in answer:
        answer[MASKED] = row["masked_text"]
    return answer

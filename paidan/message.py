"""What came in: one message, checked at the boundary, then trusted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from paidan.errors import MessageError

MAX_CODE_POINTS = 10_000
MAX_FIELDS = 20
LARGEST = 10**18
ROLES = ("customer", "agent", "bot")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message: `name` is `text`, `title` or `turns/2`; only `scored` parts are the customer's words."""

    name: str
    text: str
    scored: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """A checked message. `parts` are in reading order: title, then text or turns."""

    parts: tuple[Part, ...]
    id: str | None = None
    source: str | None = None
    channel: str | None = None
    received_at: datetime | None = None
    fields: Mapping[str, Any] | None = None

    @property
    def scored_parts(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.scored)

    @classmethod
    def from_text(cls, text: str) -> Message:
        """A message of nothing but its text.

        >>> Message.from_text("空调不制冷").parts[0].text
        '空调不制冷'
        """
        return cls.from_dict({"text": text})

    @classmethod
    def from_dict(cls, raw: object, timezone: tzinfo | None = None) -> Message:
        """Check one record.

        Args:
            raw: the record as the sender wrote it; unknown keys are left alone.
            timezone: the zone in which a `received_at` without offset is read.

        Raises:
            MessageError: names the field and what is allowed; never repeats the text.
        """
        if not isinstance(raw, Mapping):
            raise MessageError("message", f"expected an object with `text`, found {_noun(raw)}", "not_an_object")
        parts = _parts(raw)
        length = sum(len(part.text) for part in parts)
        if length > MAX_CODE_POINTS:
            raise MessageError(
                _body_field(raw),
                f"{length:,} code points (with the title); 1 to {MAX_CODE_POINTS:,} are allowed. Cut it or send the first part",
                "too_long",
            )
        return cls(
            parts=parts,
            id=_short(raw, "id", 200),
            source=_short(raw, "source", 200),
            channel=_short(raw, "channel", 50),
            received_at=_moment(raw.get("received_at"), timezone),
            fields=_fields(raw.get("fields")),
        )


def _noun(value: object) -> str:
    nouns = {list: "a list", str: "a text", type(None): "null", bool: "true/false", int: "a number", float: "a number"}
    return nouns.get(type(value), "an object" if isinstance(value, Mapping) else type(value).__name__)


def _body_field(raw: Mapping[str, Any]) -> str:
    return "turns" if raw.get("text") is None and raw.get("turns") is not None else "text"


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise MessageError(field, f"expected a text, found {_noun(value)}", "not_a_text")
    if _SURROGATE.search(value):
        raise MessageError(
            field, "holds half of a surrogate pair, which is no character; send valid Unicode", "surrogate"
        )
    return value


def _parts(raw: Mapping[str, Any]) -> tuple[Part, ...]:
    text, turns, title = raw.get("text"), raw.get("turns"), raw.get("title")
    if text is not None and turns is not None:
        raise MessageError("turns", "send `text` or `turns`, not both", "both")
    parts: list[Part] = []
    if title is not None and _text(title, "title"):
        parts.append(Part("title", title))
    if turns is not None:
        parts.extend(_turns(turns))
    elif text is not None:
        parts.append(Part("text", _text(text, "text")))
    else:
        raise MessageError("text", "is missing; send `text` (1 to 10,000 code points) or `turns`", "missing")
    if not any(part.text for part in parts if part.scored):
        raise MessageError(_body_field(raw), "is empty; 1 to 10,000 code points are allowed", "empty")
    return tuple(parts)


def _turns(turns: object) -> list[Part]:
    if not isinstance(turns, list) or not turns:
        found = "an empty list" if turns == [] else _noun(turns)
        raise MessageError("turns", f"expected a list of {{role, text}}, found {found}", "not_a_list")
    parts = []
    for number, turn in enumerate(turns):
        field = f"turns/{number}"
        if not isinstance(turn, Mapping):
            raise MessageError(field, f"expected {{role, text}}, found {_noun(turn)}", "not_an_object")
        if turn.get("role") not in ROLES:
            raise MessageError(f"{field}/role", "expected one of customer, agent, bot", "role")
        parts.append(Part(field, _text(turn.get("text"), f"{field}/text"), turn["role"] == "customer"))
    return parts


def _short(raw: Mapping[str, Any], field: str, limit: int) -> str | None:
    value = raw.get(field)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**limit:
        value = str(value)
    value = _text(value, field)
    if len(value) > limit or "\x00" in value:
        raise MessageError(field, f"1 to {limit} characters without NUL are allowed", "too_long")
    return value


def _moment(value: object, timezone: tzinfo | None) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise MessageError("received_at", "is not ISO 8601, like 2026-11-22T09:30:00+08:00", "not_a_time") from None
    if not isinstance(value, datetime):
        raise MessageError("received_at", f"expected an ISO 8601 text, found {_noun(value)}", "not_a_time")
    if not 1900 <= value.year <= 2200:
        raise MessageError("received_at", "the year must lie between 1900 and 2200", "not_a_time")
    return value.replace(tzinfo=timezone) if value.tzinfo is None else value


def _fields(value: object) -> Mapping[str, Any] | None:
    if value is None or value == "":
        return None
    if not isinstance(value, Mapping):
        raise MessageError("fields", f"expected a flat object, found {_noun(value)}", "not_an_object")
    if len(value) > MAX_FIELDS:
        raise MessageError("fields", f"{len(value)} keys; at most {MAX_FIELDS} are allowed", "too_many")
    for key, item in value.items():
        if not isinstance(item, str | int | float | bool | None):
            raise MessageError("fields", f"expected flat values, found {_noun(item)} under one key", "not_flat")
        if isinstance(item, int | float) and not abs(item) < LARGEST:
            raise MessageError("fields", f"numbers are finite and below {LARGEST:.0e}", "invalid")
        for text in (key, item):
            if isinstance(text, str) and (_SURROGATE.search(text) or "\x00" in text or len(text) > 1000):
                raise MessageError(
                    "fields", "keys and values are valid Unicode without NUL, up to 1,000 characters", "invalid"
                )
    return dict(value)

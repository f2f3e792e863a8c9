"""A message as the model reads it: its scored parts normalised, starred and joined, with the way back."""

from __future__ import annotations

from dataclasses import dataclass

from paidan.masking import mask_original, starred
from paidan.message import Message, Part
from paidan.normalise import Normalised, normalise

BETWEEN_PARTS = "\n"


@dataclass(frozen=True, slots=True)
class ReadPart:
    """A part and how it is read: `starred` begins at `offset` in the joined text."""

    part: Part
    normalised: Normalised
    starred: str
    offset: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Code points of the part as sent, for a span of the part's starred text."""
        return self.normalised.span(start, end)

    @property
    def masked(self) -> str:
        return mask_original(self.part.text, self.normalised, self.starred)


@dataclass(frozen=True, slots=True)
class Reading:
    parts: tuple[ReadPart, ...]
    text: str

    def locate(self, start: int, end: int) -> tuple[ReadPart, int, int]:
        """The part and the code points as sent of a span of the joined text, cut at the part's end."""
        part = next(part for part in reversed(self.parts) if part.offset <= start)
        first = min(start - part.offset, len(part.starred) - 1)
        last = max(first + 1, min(end - part.offset, len(part.starred)))
        return part, *part.span(first, last)


def read(message: Message, normaliser: int) -> Reading:
    """Read the customer's words of a message.

    >>> read(Message.from_text("ＡＰＰ打不开，電話13800001111"), 1).text
    'APP打不开,电话***********'
    """
    parts, offset = [], 0
    for part in message.scored_parts:
        normalised = normalise(part.text, normaliser)
        parts.append(ReadPart(part, normalised, starred(normalised), offset))
        offset += len(normalised.text) + len(BETWEEN_PARTS)
    return Reading(tuple(parts), BETWEEN_PARTS.join(part.starred for part in parts))


def masked_text(message: Message, normaliser: int) -> str:
    """All parts of a message as they may be stored and shown, one under the other."""
    masked = []
    for part in message.parts:
        normalised = normalise(part.text, normaliser)
        masked.append(mask_original(part.text, normalised, starred(normalised)))
    return "\n".join(masked)

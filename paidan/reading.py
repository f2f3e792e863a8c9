"""A message as the model reads it: its scored parts normalised, starred and joined, with the way back."""

from __future__ import annotations

from dataclasses import dataclass

from paidan.boilerplate import scored
from paidan.masking import mask_original, starred
from paidan.message import Message, Part
from paidan.normalise import Normalised, normalise

BETWEEN_PARTS = "\n"
# The first normaliser whose bundles were trained on blanked texts; older ones go on reading as they did.
BLANKS_SINCE = 2


@dataclass(frozen=True, slots=True)
class ReadPart:
    """A part and how it is read: `words` begins at `offset` in the joined text.

    Attributes:
        starred: the normalised text, what identifies a person starred.
        words: the same with what is not the customer's words blanked; of the same length.
    """

    part: Part
    normalised: Normalised
    starred: str
    words: str
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
        stars = starred(normalised)
        words = scored(normalised, part.text, stars) if normaliser >= BLANKS_SINCE else stars
        parts.append(ReadPart(part, normalised, stars, words, offset))
        offset += len(normalised.text) + len(BETWEEN_PARTS)
    return Reading(tuple(parts), BETWEEN_PARTS.join(part.words for part in parts))


def masked_text(message: Message, normaliser: int) -> str:
    """All parts of a message as they may be stored and shown, one under the other."""
    masked = []
    for part in message.parts:
        normalised = normalise(part.text, normaliser)
        masked.append(mask_original(part.text, normalised, starred(normalised)))
    return "\n".join(masked)

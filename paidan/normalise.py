"""Text as the model reads it, with the way back to the text as it was sent.

Normalisers are versioned and frozen: a change of behaviour is a new function with a new number, so that
a bundle made yesterday answers tomorrow as it did yesterday. 2 folds as 1 does; reading blanks what is not the
customer's words since then.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

CURRENT = 2

# HTML remnants: character references, and the tags that survive when a web form is pasted as text.
_REMNANT = re.compile(
    r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});|</?(?:br|p|div|span|font|b|i|u|a|td|tr|li|ul|img|strong|em|html|body)\b(?![*\uff0a])[^<>]{0,200}>",
    re.IGNORECASE,
)
_INVISIBLE = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\ufe0e\ufe0f\u202a\u202b\u202c\u202d\u202e")
# Characters that normalising moves nowhere: one in, one out.
_SIMPLE_CLASS = (
    "[\u4e00-\u9fff!-~\uff01-\uff5e\u3001\u3002\u201c\u201d\u2018\u2019\u300a\u300b\u3010\u3011\U0001f300-\U0001faff]+"
)
_SIMPLE = re.compile(f"(?:{_SIMPLE_CLASS}(?: {_SIMPLE_CLASS})*)?")
_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text` as read; `starts[i]` and `ends[i]` bound, in the original, what became character `i`.

    Both are None when nothing moved: character `i` stands at `i`.
    """

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original code points `[start, end)` that became normalised `[start, end)`."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalise(text: str, version: int = CURRENT) -> Normalised:
    """Fold width, script, HTML remnants, zero-width characters and white space.

    >>> normalise("ＡＢＣ　退款！<br>電池壞了").text
    'ABC 退款! 电池坏了'
    >>> normalise("退 款").span(2, 3)
    (2, 3)
    """
    return VERSIONS[version](text)


def _v1(text: str) -> Normalised:
    if _SIMPLE.fullmatch(text):
        folded = text.translate(_WIDTH)
        if not _REMNANT.search(folded):
            return Normalised(_simplify(folded))
    chars, starts, ends = list(text), list(range(len(text))), list(range(1, len(text) + 1))
    # What a pass uncovers (a reference inside a reference, a letter and its accent) the next one folds.
    while True:
        before = chars
        chars, starts, ends = _fold(chars, starts, ends)
        if chars == before:
            break
    return Normalised(_simplify("".join(chars)), tuple(starts), tuple(ends))


def _fold(source: list[str], from_: list[int], to: list[int]) -> tuple[list[str], list[int], list[int]]:
    text = "".join(source)
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def put(piece: str, start: int, end: int) -> None:
        for char in piece:
            if char in _INVISIBLE or (char < " " and not char.isspace()) or "\x7f" <= char < "\xa0":
                continue
            if char.isspace():
                if not chars or chars[-1] == " ":
                    continue
                char = " "
            chars.append(char)
            starts.append(from_[start])
            ends.append(to[end - 1])

    position = 0
    while position < len(text):
        remnant = _REMNANT.match(text, position) if text[position] in "&<" else None
        if remnant:
            end = remnant.end()
            piece = html.unescape(remnant.group()) if remnant.group()[0] == "&" else " "
            # An unknown name ("&abc;") stays as it is; only the first character may go on as a reference.
            put(piece, position, end)
        else:
            end = position + 1
            while end < len(text) and unicodedata.combining(text[end]):
                end += 1
            put(unicodedata.normalize("NFKC", text[position:end]), position, end)
        position = end
    while chars and chars[-1] == " ":
        chars.pop(), starts.pop(), ends.pop()
    return chars, starts, ends


@functools.cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")


def _simplify(text: str) -> str:
    """Traditional to Simplified, never changing the length, so that offsets hold."""
    if text.isascii():
        return text
    simplified: str = _converter().convert(text)
    # One pass is not always enough: 薴 becomes 苧, which becomes 苎.
    while simplified != text:
        text = simplified if len(simplified) == len(text) else "".join(_one(char) for char in text)
        simplified = _converter().convert(text)
        if len(simplified) != len(text):
            return text
    return text


@functools.lru_cache(maxsize=8192)
def _one(char: str) -> str:
    simplified: str = _converter().convert(char)
    return simplified if len(simplified) == 1 else char


VERSIONS: dict[int, Callable[[str], Normalised]] = {1: _v1, 2: _v1}

"""What identifies a person becomes ＊ wherever a message is stored, logged or shown.

Masking keeps length, so that offsets serve raw and masked text alike, and it is a fixed point: the masked
text has nothing left to mask and reads, to the model, exactly as the text did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paidan.normalise import CURRENT, Normalised, normalise

STAR = "＊"
_STARS = re.compile(r"\*{4,}")

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"

# Order matters where kinds overlap: the longer and surer kind first.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("url", re.compile(r"(?:https?://|www\.)[\x21-\x7e]+", re.IGNORECASE)),
    ("email", re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
    ("id_card", re.compile(r"(?<![0-9])[1-9]\d{5}[ -]?(?:19|20)\d{6}[ -]?\d{3}[0-9Xx](?![0-9A-Za-z])")),
    ("bank_card", re.compile(r"(?<![0-9])[3-6]\d{3}(?:[ -]?\d{4}){2,3}[ -]?\d{1,7}(?![0-9])")),
    ("phone", re.compile(r"(?<![0-9])(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9])")),
    ("landline", re.compile(r"(?<![0-9])0\d{2,3}[ -]\d{7,8}(?:[ -]\d{1,5})?(?![0-9])")),
    (
        "plate",
        re.compile(rf"[{_PROVINCES}][A-HJ-NP-Z][ ·.]?[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳](?![A-Za-z0-9])"),
    ),
    ("number", re.compile(r"(?<![0-9.])\d{7,}(?![0-9])")),
)
_TRIGGER = re.compile(r"\d{4}|@|://|www\.|[A-Z][A-Z0-9·. ]{4,6}", re.IGNORECASE)


def id_card_valid(digits: str) -> bool:
    """Whether the check digit of an 18-character ID card number is right (GB 11643-1999).

    >>> id_card_valid("11010519491231002X")
    True
    """
    total = sum(int(digit) * weight for digit, weight in zip(digits[:17], _WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11] == digits[17].upper()


def luhn_valid(digits: str) -> bool:
    """Whether a card number passes the Luhn check (ISO/IEC 7812-1).

    >>> luhn_valid("6217000012345678907"), luhn_valid("6217000012345678908")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def spans(text: str) -> list[tuple[str, int, int]]:
    """What must be masked in a normalised text: (kind, start, end), in order, never overlapping."""
    if not _TRIGGER.search(text):
        return []
    found: list[tuple[str, int, int]] = []
    for kind, pattern in _KINDS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if _plausible(kind, match.group()) and not any(start < e and s < end for _, s, e in found):
                found.append((kind, start, end))
    return sorted(found, key=lambda span: span[1])


def _plausible(kind: str, text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    if kind == "id_card":
        return id_card_valid(digits)
    if kind == "bank_card":
        return 15 <= len(digits) <= 19 and luhn_valid(digits)
    return True


def star(text: str) -> str:
    """A normalised text with every span replaced by `*` of the same length, until nothing is left to replace.

    >>> star("打13800001111找我")
    '打***********找我'
    """
    while found := spans(text):
        for _, start, end in found:
            text = text[:start] + "*" * (end - start) + text[end:]
    return text


def starred(normalised: Normalised) -> str:
    """`star` of a normalised text, in which a code point that became several characters is starred whole or not.

    >>> starred(normalise("0½234567"))
    '0*********'
    """
    text = star(normalised.text)
    while text != normalised.text and normalised.starts is not None:
        spread = _spread(text, normalised)
        if spread == text:
            break
        text = star(spread)
    return text


def _spread(text: str, normalised: Normalised) -> str:
    """`text` with every character starred whose origin overlaps that of a starred neighbour."""
    chars, count = list(text), len(text)
    for order, step in ((range(count), -1), (range(count - 1, -1, -1), 1)):
        for at in order:
            beside = at + step
            if 0 <= beside < count and chars[beside] == "*" != normalised.text[beside]:
                (start, end), (first, last) = normalised.span(at, at + 1), normalised.span(beside, beside + 1)
                if start < last and first < end:
                    chars[at] = "*"
    return "".join(chars)


def placeholders(starred: str) -> Iterator[tuple[int, int]]:
    """Where a starred text holds masked spans; touching spans are one."""
    for match in _STARS.finditer(starred):
        yield match.span()


def mask(text: str, version: int = CURRENT) -> str:
    """The text as it may be stored and shown: each identifying code point becomes ＊.

    >>> mask("電話１３８００００１１１１，退款！")
    '電話＊＊＊＊＊＊＊＊＊＊＊，退款！'
    """
    normalised = normalise(text, version)
    return mask_original(text, normalised, starred(normalised))


def mask_original(text: str, normalised: Normalised, stars: str) -> str:
    """`mask` for a caller that has normalised and starred the text already.

    What normalising dropped inside a span (a second space, a zero-width character) is masked with it, or the masked
    text would be read as two spans.
    """
    if stars == normalised.text:
        return text
    chars = list(text)
    moved = [index for index, (before, after) in enumerate(zip(normalised.text, stars, strict=True)) if before != after]
    previous = None
    for index in moved:
        start, end = normalised.span(index, index + 1)
        if previous is not None and previous[0] == index - 1:
            start = min(start, previous[1])
        chars[start:end] = STAR * (end - start)
        previous = index, end
    return "".join(chars)

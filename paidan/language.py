"""Whether a text has anything to read, and whether it is Chinese."""

from __future__ import annotations

import re

from paidan.segment import HAN

_HAN = re.compile(f"[{HAN}]")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("bo", re.compile("[\u0f00-\u0fff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("vi", re.compile("[ăđơưĂĐƠƯ\u1ea0-\u1ef9]")),
    ("latin", re.compile("[A-Za-z\u00c0-\u024f]")),
)


def has_content(text: str) -> bool:
    """Whether a starred text holds any letter or digit: emoji, punctuation and masked numbers are no content.

    >>> has_content("😡😡！！"), has_content("差")
    (False, True)
    """
    return any(char.isalnum() for char in text)


def foreign_language(text: str) -> str | None:
    """The script of a text that holds hardly any Chinese; None when it is Chinese or has no letters.

    Japanese is Japanese by its kana, whatever its share of Han characters.

    >>> foreign_language("My order has not arrived"), foreign_language("wifi连不上")
    ('latin', None)
    """
    han = len(_HAN.findall(text))
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS}
    if counts["ja"] > 2 and counts["ja"] * 3 > han:
        return "ja"
    name = max(counts, key=lambda key: counts[key])
    if han == 0 or counts[name] > 12 * han:
        if counts[name] < 4:
            return None
        return "vi" if name == "latin" and counts["vi"] else name
    return None

"""Texts from people, checked before a database refuses them."""

from __future__ import annotations

from paidan.errors import LedgerError
from paidan.ledger.draft import NUL, NUL_SIGN

MOST = 2000


def words(name: str, value: str | None, most: int = MOST) -> str | None:
    """A text that both databases can hold.

    Raises:
        LedgerError: it is no text, too long, or no valid Unicode.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise LedgerError(f"{name}: expected a text, found {type(value).__name__}")
    if len(value) > most:
        raise LedgerError(f"{name}: {len(value):,} characters; at most {most:,} are allowed")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise LedgerError(
            f"{name}: holds half of a surrogate pair, which is no character; send valid Unicode"
        ) from None
    return value.replace(NUL, NUL_SIGN)

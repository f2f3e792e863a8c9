"""Who does something, as histories name them."""

from __future__ import annotations

import getpass


def person() -> str:
    """The name of the account; `unknown` where the machine has none for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

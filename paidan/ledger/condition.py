"""How the ledger of a workspace does, as seen from outside a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from paidan.errors import LedgerError, LedgerUnavailable
from paidan.ledger.journal import Journal
from paidan.ledger.ledger import Ledger


def condition(url: str, folder: Path) -> dict[str, Any]:
    """Where answers would be kept now (`database`, `journal` or `nowhere`), what waits, and what is wrong.

    Makes nothing: a ledger that is not there yet is empty, and in order.

    Args:
        folder: of the journal.
    """
    trouble: str | None = None
    journal = Journal(folder)
    backlog = journal.backlog() if folder.is_dir() else 0
    try:
        if not _new(url):
            ledger = Ledger.open(url, migrate=False)
            try:
                ledger.alive()
            finally:
                ledger.close()
        state = "journal" if backlog else "database"
    except LedgerUnavailable as error:
        trouble, state = str(error), "journal"
    except LedgerError as error:
        trouble, state = str(error), "nowhere"
    if state == "journal":
        try:
            journal.prepare()
            journal.probe()
        except OSError as error:
            trouble, state = f"{trouble or 'answers wait'}; the journal cannot be written: {error.strerror}", "nowhere"
    aside = journal.set_aside() if folder.is_dir() else {}
    return {"state": state, "backlog": backlog, "trouble": trouble, "set_aside": aside}


def _new(url: str) -> bool:
    try:
        parsed = make_url(url)
    except ArgumentError:
        return False
    return parsed.get_backend_name() == "sqlite" and bool(parsed.database) and not Path(str(parsed.database)).exists()

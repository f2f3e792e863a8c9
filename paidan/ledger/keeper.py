"""Where answers are kept now: in the database, in the journal while it is away, or nowhere, which is refused."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Literal

from paidan.errors import LedgerUnavailable
from paidan.ledger import retention
from paidan.ledger.draft import Draft
from paidan.ledger.entry import Kept
from paidan.ledger.journal import Journal
from paidan.ledger.ledger import Ledger

log = logging.getLogger("paidan.ledger")
State = Literal["database", "journal", "nowhere"]
DATABASE: State = "database"
JOURNAL: State = "journal"
NOWHERE: State = "nowhere"
ALIVE_S = 2.0
PRUNE_S = 3600.0


class Keeper:
    """One thread keeps, another looks now and then whether the state still holds.

    Args:
        retention_days: remove what is older, about once an hour; None keeps everything.
    """

    def __init__(self, url: str, journal: Path, retention_days: int | None = None) -> None:
        self.state: State = NOWHERE
        self.ledger: Ledger | None = None
        self.journal = Journal(journal)
        self._url = url
        self._retention_days = retention_days
        self._healthy = False
        self._heard = 0.0
        self._pruned = time.monotonic()

    def begin(self) -> None:
        """Open both and replay what waits. A database that is away is no reason not to begin.

        Raises:
            LedgerError: the address is wrong, or the ledger is of a newer Paidan.
        """
        try:
            self.journal.prepare()
        except OSError as error:
            log.error("the journal cannot be written: %s", error.strerror)
        self.recover()

    def keep(self, drafts: list[Draft]) -> list[Kept]:
        """Keep drafts in the database or, while it is away or others wait there, in the journal.

        Raises:
            LedgerUnavailable: neither can be written; nothing is kept.
        """
        # Others may wait in the journal, also another worker's: who comes later stays behind them.
        if self._healthy and not self.journal.waiting():
            kept = self._in_database(drafts)
            if kept is not None:
                return kept
        try:
            written = self.journal.append([draft.to_line() for draft in drafts], only_behind=self._healthy)
        except OSError as error:
            self.state = NOWHERE
            detail = (
                f"neither the ledger's database nor its journal can be written ({error.strerror}); nothing was kept"
            )
            raise LedgerUnavailable(detail) from None
        if not written:
            # The journal ran empty meanwhile.
            return self._in_database(drafts) or self.keep(drafts)
        self.state = JOURNAL
        return [Kept(draft.answer(None)) for draft in drafts]

    def look(self) -> None:
        """Find out whether the state still holds, go back to the database when it can be, and remove what is too old."""
        if not self._healthy or self.journal.waiting():
            self.recover()
        elif self.ledger is not None and time.monotonic() - self._heard > ALIVE_S:
            try:
                self.ledger.alive()
                self._heard = time.monotonic()
            except LedgerUnavailable as error:
                self.lost(error)
                self._try_journal()
        if self._retention_days is not None and self.ledger is not None and time.monotonic() - self._pruned > PRUNE_S:
            self._pruned = time.monotonic()
            self.ledger.prune(retention.cutoff(self._retention_days), "retention")

    def recover(self) -> None:
        """Go back to the database when it is there, after what waits in the journal; else say where answers are kept."""
        try:
            if self.ledger is None:
                self.ledger = Ledger.open(self._url)
            self.ledger.ping()
            count = self.journal.replay(self.ledger.settle)
        except LedgerUnavailable as error:
            self.lost(error)
            self._try_journal()
            return
        except OSError as error:
            log.error("the journal cannot be replayed: %s", error.strerror)
            self._try_journal()
            return
        if count:
            log.warning("%d answers from the journal are in the database now", count)
        self._heard = time.monotonic()
        self._healthy = True
        # What still waits is being replayed by another worker.
        self.state = JOURNAL if self.journal.waiting() else DATABASE

    def lost(self, error: LedgerUnavailable) -> None:
        """Take note that the database is away."""
        if self._healthy:
            log.error("%s. Answers go to the journal until it is back", error)
        self._healthy = False

    def _in_database(self, drafts: list[Draft]) -> list[Kept] | None:
        """None when the database is away."""
        if self.ledger is None:
            self._healthy = False
            return None
        try:
            kept = self.ledger.keep_drafts(drafts)
        except LedgerUnavailable as error:
            self.lost(error)
            return None
        self._heard = time.monotonic()
        self.state = DATABASE
        return kept

    def _try_journal(self) -> None:
        try:
            self.journal.probe()
            self.state = JOURNAL
        except OSError:
            self.state = NOWHERE

"""Answered means recorded: one writer thread, whose one commit serves whoever waits."""

from __future__ import annotations

import asyncio
import functools
import logging
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from paidan.errors import LedgerError, LedgerUnavailable
from paidan.ledger.draft import Draft, drafts_of
from paidan.ledger.entry import Entry, Kept
from paidan.ledger.keeper import Keeper, State

log = logging.getLogger("paidan.ledger")
# Entries in one transaction: more would make the first of them wait.
MOST = 512
READERS = 4
LOOK_S = 0.25
# A transaction that takes longer is given up and its answers go to the journal.
PATIENCE_S = 4.0
READS = frozenset({"prediction", "review", "outcome", "changes", "first_dispatch", "events", "counts"})
Request = tuple[list[Draft], "asyncio.Future[list[Kept]]"]


class Recorder:
    """Keeps answers for the requests of one server process.

    Args:
        url: the ledger's database.
        journal: the folder of the journal, shared by all workers of a workspace.
        retention_days: remove what is older, about once an hour; None keeps everything.
    """

    def __init__(self, url: str, journal: Path, retention_days: int | None = None) -> None:
        self._keeper = Keeper(url, journal, retention_days)
        self._queue: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._closed = True
        self._threads: list[threading.Thread] = []
        self._readers = ThreadPoolExecutor(READERS, "paidan-read")
        self._guard: asyncio.Task[None] | None = None

    @property
    def state(self) -> State:
        """Where answers are kept now."""
        return self._keeper.state

    @property
    def backlog(self) -> int:
        """Answers of all workers that wait in the journal for the database."""
        try:
            return self._keeper.journal.backlog()
        except OSError:
            return 0

    async def start(self) -> None:
        """Open the ledger, replay what waits, and begin to keep.

        A database that is away is no reason not to start: answers go to the journal.

        Raises:
            LedgerError: the address is wrong, or the ledger is of a newer Paidan.
        """
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._keeper.begin)
        self._closed = False
        for name, work in (("write", self._write), ("watch", self._watch)):
            thread = threading.Thread(target=work, name=f"paidan-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)
        self._guard = asyncio.create_task(self._let_go())

    async def keep(self, entries: Sequence[Entry]) -> list[Kept]:
        """Keep answers; what each client is told, in order.

        Raises:
            LedgerUnavailable: neither the database nor the journal can be written; nothing is kept.
        """
        if self._closed:
            raise LedgerUnavailable("the server is stopping; send it again")
        if not entries:
            return []
        future: asyncio.Future[list[Kept]] = self._loop.create_future()
        self._queue.put((drafts_of(list(entries)), future))
        return await future

    async def read(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Run a method of the Ledger in a thread of its own.

        Raises:
            LedgerUnavailable: the database is away.
            LedgerError: what the method itself refuses.
        """
        if method not in READS:
            raise LedgerError(f"the ledger has no '{method}' to be read; allowed are {', '.join(sorted(READS))}")
        ledger = self._keeper.ledger
        if ledger is None or self._closed:
            raise LedgerUnavailable(
                "the ledger's database is away; answers go on, what became of them can be read later"
            )
        try:
            work = functools.partial(getattr(ledger, method), *args, **kwargs)
            return await self._loop.run_in_executor(self._readers, work)
        except LedgerUnavailable as error:
            self._keeper.lost(error)
            raise

    async def close(self) -> None:
        """Keep what still waits, then stop."""
        if self._closed:
            return
        self._closed = True
        self._stop.set()
        self._queue.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        if self._guard is not None:
            self._guard.cancel()
            await asyncio.gather(self._guard, return_exceptions=True)
        await asyncio.to_thread(self._readers.shutdown)
        if self._keeper.ledger is not None:
            self._keeper.ledger.close()

    def _write(self) -> None:
        """The writer's thread."""
        following: Request | None = self._queue.get()
        while following is not None:
            requests, count = [following], len(following[0])
            # Whoever came while the last commit ran; nobody is waited for.
            while count < MOST and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    break
                requests.append(following)
                count += len(following[0])
            self._tell(self._serve(requests))
            if following is not None:
                following = self._queue.get()

    def _serve(self, requests: list[Request]) -> list[tuple[Request, list[Kept] | Exception]]:
        try:
            kept = iter(self._keeper.keep([draft for drafts, _ in requests for draft in drafts]))
        except LedgerUnavailable as error:
            return [(request, error) for request in requests]
        except Exception as error:
            if len(requests) > 1:
                # One request that cannot be kept must not cost the others theirs.
                return [told for request in requests for told in self._serve([request])]
            log.exception("answers could not be kept")
            return [(requests[0], error)]
        return [(request, [next(kept) for _ in request[0]]) for request in requests]

    def _tell(self, told: list[tuple[Request, list[Kept] | Exception]]) -> None:
        def tell() -> None:
            for (_, future), result in told:
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

        # The loop is gone when the server was stopped hard; what is kept is kept.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell)

    def _watch(self) -> None:
        """The watching thread."""
        while not self._stop.wait(LOOK_S):
            try:
                self._keeper.look()
            except Exception:
                log.exception("watching the ledger failed")

    async def _let_go(self) -> None:
        """Let go of a database that hangs. On the loop, because every thread may be the one that hangs."""
        while True:
            await asyncio.sleep(LOOK_S)
            ledger = self._keeper.ledger
            if ledger is not None and ledger.leash.pull(PATIENCE_S):
                log.error("the ledger's database does not answer; its connections were given up")

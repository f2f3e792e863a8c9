"""The model that answers now, and the swap to the next one without a failed request.

What is announced is loaded before it is needed; the one that answered before is kept for a while, for a rollback.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

from paidan.bundle import Bundle
from paidan.champion import POINTER, Champion, read_champion
from paidan.errors import PaidanError
from paidan.readiness import WAIT_S, Card, announced
from paidan.router import TRIAL, Router
from paidan.workspace import Workspace
from serve.ready_router import ReadyRouter

log = logging.getLogger("paidan.serve")
# While a flip is awaited.
SOON_S = 0.05
# A second bundle costs memory: it is let go when nobody asked for it this long.
SPARE_S = 900.0


@dataclass
class ChampionWatch:
    """Holds the router in use. A request takes it once and finishes on it, whatever is swapped meanwhile.

    Args:
        ref: `champion` follows the pointer; a folder is served as it is.
    """

    workspace: Workspace
    ref: str = "champion"
    router: Router | None = None
    champion: Champion | None = None
    trouble: str | None = None
    _seen: tuple[int, int, int] | None = field(default=None, repr=False)
    _task: asyncio.Task[None] | None = field(default=None, repr=False)
    _ready: ReadyRouter | None = field(default=None, repr=False)
    _spare: ReadyRouter | None = field(default=None, repr=False)
    _spare_until: float = field(default=0.0, repr=False)
    _soon_until: float = field(default=0.0, repr=False)
    _refused: str | None = field(default=None, repr=False)
    _card: Card = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._card = Card(self.workspace.models)

    async def start(self) -> None:
        """Load and warm the model, then look for a new one every `swap_seconds`."""
        await self.refresh()
        if self.ref == "champion":
            self._show()
            self._task = asyncio.create_task(self._follow(self.workspace.settings.swap_seconds))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._card.withdraw()

    async def refresh(self) -> None:
        """Load what the pointer names when it changed. What answers goes on answering if that fails."""
        seen = self._stamp()
        if seen == self._seen and (self.router is not None or self.trouble is not None):
            return
        try:
            ready, router, champion = await asyncio.to_thread(self._load)
        except (PaidanError, OSError) as error:
            self.trouble = str(error)
            log.error("the model cannot be loaded: %s", error)
        else:
            if self.router is not None and self._ready is not None and self._ready.digest != ready.digest:
                log.info("swapped %s for %s", self.router.bundle.name, router.bundle.name)
                self._keep(self._ready)
            self._ready, self.router, self.champion, self.trouble = ready, router, champion, None
            self._soon_until = 0.0
        self._seen = seen

    async def _follow(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(min(seconds, SOON_S) if time.monotonic() < self._soon_until else seconds)
            try:
                await self.refresh()
                await self._prepare()
                self._show()
            except Exception:
                log.exception("looking for a new champion failed")

    async def _prepare(self) -> None:
        """Load what is announced, so that the flip finds it in memory."""
        coming = announced(self.workspace.models)
        if coming is None or coming.digest in self._held() or coming.digest == self._refused:
            if self._spare is not None and time.monotonic() > self._spare_until:
                self._spare = None
            return
        try:
            ready = await asyncio.to_thread(self._build, self.workspace.models / coming.version)
            if ready.digest != coming.digest:
                raise PaidanError(f"{coming.version} is not the bundle that was announced (digest differs)")
        except (PaidanError, OSError) as error:
            # The pointer may still name it; then the trouble is told where everyone looks.
            self._refused = coming.digest
            log.warning("the announced model cannot be loaded: %s", error)
        else:
            self._keep(ready)
            self._soon_until = time.monotonic() + WAIT_S

    def _build(self, folder: Path) -> ReadyRouter:
        return ReadyRouter.build(self.workspace, Bundle.load(folder))

    def _keep(self, ready: ReadyRouter) -> None:
        self._spare, self._spare_until = ready, time.monotonic() + SPARE_S

    def _held(self) -> dict[str, ReadyRouter]:
        """What is in memory, by the bundle's digest."""
        return {ready.digest: ready for ready in (self._spare, self._ready) if ready is not None}

    def _show(self) -> None:
        self._card.show(self._held())

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = (self.workspace.models / POINTER).stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _load(self) -> tuple[ReadyRouter, Router, Champion | None]:
        champion = read_champion(self.workspace.models) if self.ref == "champion" else None
        if self.ref == "champion" and champion is None:
            raise PaidanError(
                "there is no champion yet. `paidan train`, then `paidan promote`; the server takes it up by itself"
            )
        folder = Path(self.ref) if champion is None else self.workspace.models / champion.version
        held = self._held().get(champion.digest) if champion is not None else None
        if held is None:
            ready = self._build(folder)
        elif held.current(self.workspace):
            ready = held
        else:
            ready = ReadyRouter.build(self.workspace, held.router.bundle)
        if champion is not None and ready.digest != champion.digest:
            raise PaidanError(
                f"{folder} is not the bundle that was promoted (digest differs). Promote the version again"
            )
        return ready, ready.under(champion.contract.state if champion is not None else TRIAL), champion

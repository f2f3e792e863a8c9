"""The model that answers now, and the swap to the next one without a failed request."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from paidan.bundle import Bundle
from paidan.champion import POINTER, Champion, read_champion
from paidan.errors import PaidanError
from paidan.message import Message
from paidan.router import TRIAL, Router
from paidan.workspace import Workspace

log = logging.getLogger("paidan.serve")
WARM_UP = "空调不制冷，客服也不回，13800001111"


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

    async def start(self) -> None:
        """Load and warm the model, then look for a new one every `swap_seconds`."""
        await self.refresh()
        if self.ref == "champion":
            self._task = asyncio.create_task(self._follow(self.workspace.settings.swap_seconds))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def refresh(self) -> None:
        """Load what the pointer names when it changed. What answers goes on answering if that fails."""
        seen = self._stamp()
        if seen == self._seen and (self.router is not None or self.trouble is not None):
            return
        try:
            router, champion = await asyncio.to_thread(self._load)
        except (PaidanError, OSError) as error:
            self.trouble = str(error)
            log.error("the model cannot be loaded: %s", error)
        else:
            if self.router is not None:
                log.info("swapped %s for %s", self.router.bundle.name, router.bundle.name)
            self.router, self.champion, self.trouble = router, champion, None
        self._seen = seen

    async def _follow(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.refresh()
            except Exception:
                log.exception("looking for a new champion failed")

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = (self.workspace.models / POINTER).stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _load(self) -> tuple[Router, Champion | None]:
        settings = self.workspace.settings
        champion = read_champion(self.workspace.models) if self.ref == "champion" else None
        folder = Path(self.ref) if champion is None else self.workspace.models / champion.version
        if self.ref == "champion" and champion is None:
            raise PaidanError(
                "there is no champion yet. `paidan train`, then `paidan promote`; the server takes it up by itself"
            )
        current = self.router.bundle if self.router is not None else None
        if current is not None and champion is not None and current.digest == champion.digest:
            bundle = current
        else:
            bundle = Bundle.load(folder)
        if champion is not None and bundle.digest != champion.digest:
            raise PaidanError(
                f"{folder} is not the bundle that was promoted (digest differs). Promote the version again"
            )
        routing = self.workspace.routing(bundle.taxonomy, lenient=True)
        state = champion.contract.state if champion is not None else TRIAL
        router = Router(bundle, routing, settings.precision, settings.candidate_coverage, state)
        router.answer([Message.from_text(WARM_UP)], detail=True)
        return router, champion

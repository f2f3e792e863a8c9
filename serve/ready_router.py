"""A router that has answered once, with what it was built from: ready to take over without a pause."""

from __future__ import annotations

from dataclasses import dataclass, replace

from paidan.bundle import Bundle
from paidan.message import Message
from paidan.router import TRIAL, Router
from paidan.settings import FILE
from paidan.workspace import Workspace

WARM_UP = "空调不制冷，客服也不回，13800001111"
Stamps = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class ReadyRouter:
    """A warm router and the state of the files beside the bundle that it was built from."""

    router: Router
    stamps: Stamps

    @classmethod
    def build(cls, workspace: Workspace, bundle: Bundle) -> ReadyRouter:
        stamps = stamps_of(workspace)
        settings = workspace.settings
        routing = workspace.routing(bundle.taxonomy, lenient=True)
        router = Router(bundle, routing, settings.precision, settings.candidate_coverage, TRIAL)
        router.answer([Message.from_text(WARM_UP)], detail=True)
        return cls(router, stamps)

    @property
    def digest(self) -> str:
        return self.router.bundle.digest

    def current(self, workspace: Workspace) -> bool:
        """Whether the routing table, calendar and settings are still those that it was built from."""
        return self.stamps == stamps_of(workspace)

    def under(self, contract: str) -> Router:
        return replace(self.router, contract=contract)


def stamps_of(workspace: Workspace) -> Stamps:
    """The identity of each file that an answer depends on beside the bundle."""
    files = (workspace.datasets / "routing.yaml", workspace.datasets / "holidays.yaml", workspace.home / FILE)
    found: list[tuple[int, int, int] | None] = []
    for path in files:
        try:
            stat = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
    return tuple(found)

"""The contract of the version that answers, brought up to date with what was read of its answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from paidan.bundle import read_manifest
from paidan.champion import Champion, Contract, change_contract, read_champion
from paidan.contract import counted
from paidan.errors import RegistryError
from paidan.ledger.audits import Reading, readings, uncounted
from paidan.ledger.ledger import Ledger
from paidan.workspace import Workspace

BY = "audits"


@dataclass(frozen=True, slots=True)
class Recount:
    """The champion after counting, how many readings were new, and how many reviews of its answers were not blind."""

    champion: Champion
    new: int
    not_blind: int


def recount(workspace: Workspace) -> Recount:
    """Count the blind readings made since the last count; audits that break the contract take it out of force at once.

    To be called after every blind reading.

    Raises:
        RegistryError: nothing was promoted yet.
        BundleError: the version that answers does not lie in `models/`.
        LedgerUnavailable: the database is away.
    """
    champion = _champion(workspace)
    ledger = ledger_of(workspace)
    if ledger is None:
        return Recount(champion, 0, 0)
    try:
        model = model_of(workspace, champion)
        new = 0

        def change(now: Champion) -> Contract:
            nonlocal new
            found = readings(ledger, model, now.contract.seen) if now.version == champion.version else []
            new = len(found)
            return after(now.contract, found)

        changed = change_contract(workspace.models, change, by=BY, why="blind readings")
        return Recount(changed, new, uncounted(ledger, model))
    finally:
        ledger.close()


def after(contract: Contract, found: list[Reading]) -> Contract:
    """The contract after some readings, remembering the newest."""
    seen = max((one.review_id for one in found), default=contract.seen)
    return replace(counted(contract, (one.right for one in found)), seen=seen)


def model_of(workspace: Workspace, champion: Champion) -> str:
    """How answers name a version: a bundle that was installed keeps the name it was trained under."""
    identity = read_manifest(workspace.models / champion.version)[0].get("identity", {})
    return f"{identity.get('name', 'paidan')}/{identity.get('version', champion.version)}"


def ledger_of(workspace: Workspace) -> Ledger | None:
    """The workspace's ledger; None when nothing was ever kept."""
    url = workspace.ledger_url
    if url.startswith("sqlite:") and not Path(url.removeprefix("sqlite:///")).is_file():
        return None
    return Ledger.open(url)


def _champion(workspace: Workspace) -> Champion:
    champion = read_champion(workspace.models)
    if champion is None:
        raise RegistryError("nothing was promoted yet, so there is no contract. `paidan promote` comes first")
    return champion

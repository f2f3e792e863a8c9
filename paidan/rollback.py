"""The way back to a version that answered before. Needs nothing but `models/`: no MLflow, no network."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from paidan.bundle import read_manifest
from paidan.champion import (
    ROLLED_BACK,
    Champion,
    Contract,
    earlier,
    last_contract,
    promote,
    read_champion,
    read_history,
    swaps,
)
from paidan.errors import BundleError, RegistryError


def target(models: Path, to: str | None) -> dict[str, Any]:
    """The line of the history that a rollback returns to.

    Args:
        to: a version that answered before; None for the one before the present.

    Raises:
        RegistryError: there is none.
    """
    champion, history = read_champion(models), read_history(models)
    if champion is None:
        raise RegistryError("nothing was promoted yet, so there is nothing to roll back. `paidan promote` comes first")
    served = swaps(history)
    if to is None:
        before = earlier(history)
        if not before:
            raise RegistryError(f"version {champion.version} is the first that answered here; there is none before it")
        return _as_it_was(models, before[-1])
    if to == champion.version:
        raise RegistryError(f"version {to} answers already")
    found = [entry for entry in served if entry["version"] == to]
    if not found:
        known = ", ".join(dict.fromkeys(entry["version"] for entry in served))
        raise RegistryError(
            f"version {to} never answered here; those that did: {known}. `paidan promote {to}` puts it to the gate"
        )
    return _as_it_was(models, found[-1])


def _as_it_was(models: Path, entry: dict[str, Any]) -> dict[str, Any]:
    """The line with the contract that the version had when it was left, which is not the one it began with."""
    return {**entry, "contract": asdict(last_contract(models, entry["version"], entry["digest"]))}


def roll_back(models: Path, entry: dict[str, Any], *, by: str, why: str = "") -> Champion:
    """Point to the version of a history line again, with the state that its contract had.

    Raises:
        BundleError: its bundle is not in `models/`, or is not the one that answered.
    """
    folder = models / entry["version"]
    _, digest = read_manifest(folder)
    if digest != entry["digest"]:
        raise BundleError(f"{folder} is not the bundle that answered before (digest differs). Nothing was changed")
    champion = read_champion(models)
    gate = {"undone": champion.version if champion else None}
    contract = Contract(**entry["contract"]) if entry.get("contract") else None
    return promote(models, entry["version"], digest, by=by, why=why, gate=gate, event=ROLLED_BACK, contract=contract)

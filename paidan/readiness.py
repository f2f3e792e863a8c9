"""A swap within a second, however large the model: servers load what is announced before the pointer names it.

Each server process keeps a card in `models/servers/` that names the bundles it holds in memory. Who promotes
announces the next one in `models/next.json`, waits a little for the cards, and flips. Nobody depends on it: without
cards nothing is waited for, and a server that missed an announcement loads at the flip.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

ANNOUNCED, SERVERS = "next.json", "servers"
FRESH_S = 5.0
WAIT_S = 10.0
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Announced:
    version: str
    digest: str


def announce(models: Path, version: str, digest: str) -> None:
    """Say which bundle is about to answer."""
    partial = models / (ANNOUNCED + ".part")
    partial.write_text(json.dumps({"version": version, "digest": digest}), encoding="utf-8")
    partial.replace(models / ANNOUNCED)


def announced(models: Path) -> Announced | None:
    """What is about to answer; None when nothing is."""
    try:
        raw = json.loads((models / ANNOUNCED).read_text(encoding="utf-8"))
        return Announced(str(raw["version"]), str(raw["digest"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def wait_for_servers(models: Path, digest: str, seconds: float = WAIT_S) -> bool:
    """Wait until every server that runs holds a bundle. False: some did not in time; they load at the flip."""
    end = time.monotonic() + seconds
    while True:
        cards = [_held(card) for card in _fresh(models)]
        if all(digest in held for held in cards):
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(LOOK_S)


@dataclass
class Card:
    """What one server process says of itself. A folder that cannot be written to is borne in silence."""

    models: Path
    name: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}.json")
    _written: str | None = None

    def show(self, digests: Collection[str]) -> None:
        """Name the bundles in memory; again and again, for an old card is taken for a dead server's."""
        text = json.dumps(sorted(digests))
        path = self.models / SERVERS / self.name
        try:
            if text == self._written and path.exists():
                os.utime(path)
                return
            path.parent.mkdir(exist_ok=True)
            partial = path.with_suffix(".part")
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
            self._written = text
        except OSError:
            self._written = None

    def withdraw(self) -> None:
        try:
            (self.models / SERVERS / self.name).unlink(missing_ok=True)
        except OSError:
            self._written = None


def _fresh(models: Path) -> list[Path]:
    """The cards of servers that run. Those that were left behind are removed."""
    found = []
    for card in (models / SERVERS).glob("*.json"):
        try:
            age = time.time() - card.stat().st_mtime
            if age <= FRESH_S:
                found.append(card)
            elif age > 60 * FRESH_S:
                card.unlink(missing_ok=True)
        except OSError:
            continue
    return found


def _held(card: Path) -> list[str]:
    try:
        return list(json.loads(card.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return []

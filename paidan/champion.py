"""Which version answers: the pointer `champion.json` and the append-only history beside it.

The pointer is the truth for every local door; it is replaced by rename and fsync, so that a reader sees the old
version or the new one, never half of either.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paidan.errors import RegistryError
from paidan.readiness import announce, wait_for_servers

POINTER = "champion.json"
HISTORY = "history.jsonl"
PROMOTED, ROLLED_BACK, PULLED = "promoted", "rolled back", "pulled"
# What is noted of a version that does not change who answers.
REGISTERED, INSTALLED, CONTRACT = "registered", "installed", "contract"
NOTES = (REGISTERED, INSTALLED, CONTRACT)


@dataclass(frozen=True, slots=True)
class Contract:
    """`trial` until a blind-read sample proves the precision on this company's traffic. See contract.py.

    Attributes:
        read: answers of the sample that proves; `wrong` of them were.
        alarm: the CUSUM over the audits since; 0 is calm.
        seen: the ledger's newest review that was counted.
    """

    state: str = "trial"
    read: int = 0
    wrong: int = 0
    alarm: float = 0.0
    audits: int = 0
    audits_wrong: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Champion:
    version: str
    digest: str
    since: str
    by: str
    why: str
    sequence: int
    contract: Contract = field(default_factory=Contract)


def read_champion(models: Path) -> Champion | None:
    """The version that answers now; None when nothing was promoted yet."""
    try:
        raw = json.loads((models / POINTER).read_text(encoding="utf-8"))
        return Champion(**{**raw, "contract": Contract(**raw["contract"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise RegistryError(
            f"{models / POINTER} is damaged ({error}). `paidan history` tells the last version; promote it again"
        ) from None


def promote(
    models: Path,
    version: str,
    digest: str,
    *,
    by: str,
    why: str,
    gate: Mapping[str, Any] | None = None,
    event: str = PROMOTED,
    contract: Contract | None = None,
) -> Champion:
    """Point to a version whose bundle lies in `models/<version>/` already, and write it into the history.

    Running servers are given a few seconds to load it beforehand, so that all swap at once.
    """
    with writer(models):
        announce(models, version, digest)
        wait_for_servers(models, digest)
        before = read_champion(models)
        champion = Champion(
            version,
            digest,
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            by,
            why,
            (before.sequence if before else 0) + 1,
            contract or Contract(),
        )
        line = {
            "event": event,
            **asdict(champion),
            "gate": dict(gate or {}),
            "before": before.version if before else None,
        }
        _append(models / HISTORY, line)
        _replace(models / POINTER, json.dumps(asdict(champion), ensure_ascii=False, indent=1))
        return champion


def change_contract(models: Path, change: Callable[[Champion], Contract], *, by: str, why: str = "") -> Champion:
    """Replace the contract of the version that answers; every new state is written into the history.

    Counts alone are not: they are counted again from the ledger.

    Raises:
        RegistryError: nothing was promoted yet.
    """
    with writer(models):
        before = read_champion(models)
        if before is None:
            raise RegistryError("nothing was promoted yet, so there is no contract. `paidan promote` comes first")
        after = replace(before, contract=change(before))
        if after.contract.state != before.contract.state:
            line = {
                "event": CONTRACT,
                "version": after.version,
                "digest": after.digest,
                "since": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "by": by,
                "why": why,
                "contract": asdict(after.contract),
            }
            _append(models / HISTORY, line)
        if after != before:
            _replace(models / POINTER, json.dumps(asdict(after), ensure_ascii=False, indent=1))
        return after


def last_contract(models: Path, version: str, digest: str) -> Contract:
    """The state that the contract of a version had when it last answered; on trial when it never did."""
    champion = read_champion(models)
    if champion is not None and (champion.version, champion.digest) == (version, digest):
        return champion.contract
    known = [entry for entry in read_history(models) if entry.get("contract") and entry["version"] == version]
    return Contract(**known[-1]["contract"]) if known and known[-1]["digest"] == digest else Contract()


def note(models: Path, event: str, version: str, digest: str, *, by: str, why: str = "", **more: Any) -> None:
    """Write into the history what happened to a version that does not answer (one of NOTES)."""
    with writer(models):
        since = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"event": event, "version": version, "digest": digest, "since": since, "by": by, "why": why, **more}
        _append(models / HISTORY, line)


def read_history(models: Path) -> list[dict[str, Any]]:
    """Every registration and promotion, oldest first. A line torn by a crash is left out."""
    try:
        lines = (models / HISTORY).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    history = []
    for line in lines:
        try:
            history.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return history


def serving_at(models: Path, moment: datetime) -> dict[str, Any] | None:
    """The promotion in force at a time; None before the first."""
    past = [entry for entry in swaps(read_history(models)) if datetime.fromisoformat(entry["since"]) <= moment]
    return past[-1] if past else None


def swaps(history: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines that say who answers from then on."""
    return [dict(entry) for entry in history if entry["event"] not in NOTES]


def earlier(history: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The versions that a rollback goes back to, the nearest last: a rollback takes away what it undid.

    >>> [entry["version"] for entry in earlier([{"event": "promoted", "version": v} for v in "123"])]
    ['1', '2']
    """
    stack: list[dict[str, Any]] = []
    for entry in swaps(history):
        known = [place for place, one in enumerate(stack) if one["version"] == entry["version"]]
        if entry["event"] == ROLLED_BACK and known:
            del stack[known[-1] :]
        if not stack or stack[-1]["version"] != entry["version"]:
            stack.append(entry)
        else:
            stack[-1] = entry
    return stack[:-1]


@contextmanager
def writer(models: Path) -> Iterator[None]:
    """One writer at a time; another waits for its turn."""
    models.mkdir(parents=True, exist_ok=True)
    with (models / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _append(path: Path, line: Mapping[str, Any]) -> None:
    torn = path.is_file() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if torn else "") + json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(".part")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

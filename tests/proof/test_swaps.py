"""Fifty promotions and rollbacks while four clients send to two workers: no request fails, no answer is of a wrong version."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paidan.champion import promote, read_history
from paidan.rollback import roll_back, target
from paidan.router import Router
from paidan.workspace import Workspace
from tests.proof.server import Server

FLIPS, EVERY_S, CLIENTS, WORKERS = 50, 2.5, 4, 2
LEAST_REQUESTS = 20_000
GRACE_S = 1.0
pytestmark = pytest.mark.proof


@pytest.fixture
def home(workspace_copy: Workspace, starter_router: Router) -> Path:
    """A workspace with three full-size versions, of which the first answers."""
    for version in ("1", "2", "3"):
        identity = {**starter_router.bundle.identity, "name": "paidan", "version": version}
        digest = replace(starter_router.bundle, identity=identity).save(workspace_copy.models / version)
        promote(workspace_copy.models, version, digest, by="proof", why="")
    promote(workspace_copy.models, "1", read_history(workspace_copy.models)[0]["digest"], by="proof", why="")
    return workspace_copy.home


def test_no_request_fails_and_no_answer_is_of_a_wrong_version(
    home: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    models = home / "models"
    digests = {line["version"]: line["digest"] for line in read_history(models)}
    server = Server(home, Path("champion"), WORKERS)
    server.start()
    out = tmp_path / "requests.txt"
    seconds = FLIPS * EVERY_S + 6
    script = str(Path(__file__).with_name("swap_client.py"))
    clients = subprocess.Popen([sys.executable, script, str(server.port), str(CLIENTS), str(seconds), str(out)])
    try:
        time.sleep(3)
        flips = [(0.0, "1")]
        for n in range(FLIPS):
            if n % 5 == 4:
                version = roll_back(models, target(models, None), by="proof").version
            else:
                version = str(int(flips[-1][1]) % 3 + 1)
                promote(models, version, digests[version], by="proof", why=f"{n}")
            flips.append((time.time(), version))
            time.sleep(EVERY_S)
        assert clients.wait(60) == 0
    finally:
        clients.kill()
        server.stop()
    rows = [line.split() for line in out.read_text(encoding="utf-8").splitlines()]
    failed = [row for row in rows if row[2] != "200"]
    wrong = [
        row
        for row in rows
        if row[3].removeprefix("paidan/") not in champions(flips, float(row[0]) - GRACE_S, float(row[1]))
    ]
    taken = np.array([float(row[1]) - float(row[0]) for row in rows]) * 1000
    starts = np.array([float(row[0]) for row in rows])
    during = np.zeros(len(rows), bool)
    for moment, _ in flips[1:]:
        during |= (starts >= moment) & (starts < moment + GRACE_S)
    p99_during, p99_outside = np.percentile(taken[during], 99), np.percentile(taken[~during], 99)
    figures = {
        "requests": len(rows),
        "failed": len(failed),
        "wrong version": len(wrong),
        "flips": len(flips) - 1,
        "p99 during ms": round(float(p99_during), 2),
        "p99 outside ms": round(float(p99_outside), 2),
        "p50 ms": round(float(np.median(taken)), 2),
        "slowest ms": round(float(taken.max()), 1),
        "ratio": round(float(p99_during / p99_outside), 2),
    }
    record_property("swaps", figures)
    sys.stdout.write(f"\nswaps: {figures}\n")
    assert len(rows) >= LEAST_REQUESTS
    assert not failed
    assert not wrong
    assert p99_during <= 2 * p99_outside


def champions(flips: list[tuple[float, str]], start: float, end: float) -> set[str]:
    """The versions that were champion at some time of a span."""
    found = set()
    for place, (moment, version) in enumerate(flips):
        until = flips[place + 1][0] if place + 1 < len(flips) else float("inf")
        if moment <= end and until >= start:
            found.add(version)
    return found

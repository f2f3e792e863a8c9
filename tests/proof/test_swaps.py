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
from numpy.typing import NDArray

from paidan.bundle import Bundle
from paidan.champion import promote, read_history
from paidan.heads import Scorer
from paidan.rollback import roll_back, target
from paidan.workspace import Workspace
from tests.proof.server import Server

FLIPS, EVERY_S, CLIENTS, WORKERS = 50, 2.5, 4, 2
LEAST_REQUESTS, PROBE_S = 20_000, 15.0
GRACE_S = 1.0
FEATURES = 750_000
pytestmark = pytest.mark.proof


@pytest.fixture
def home(workspace_copy: Workspace, tiny_bundle: Bundle) -> Path:
    """A workspace with three versions as large as one of the whole starter set, of which the first answers."""
    large = grown(tiny_bundle)
    for version in ("1", "2", "3"):
        digest = replace(large, identity={**large.identity, "version": version}).save(workspace_copy.models / version)
        promote(workspace_copy.models, version, digest, by="proof", why="")
    promote(workspace_copy.models, "1", read_history(workspace_copy.models)[0]["digest"], by="proof", why="")
    return workspace_copy.home


def grown(bundle: Bundle) -> Bundle:
    """The same answers from a model of the size of a whole one: terms that no message holds, with weights of 0."""
    words, chars = bundle.features.blocks
    more = FEATURES - bundle.features.width
    terms = [*chars.terms, *(f"⟦{n:06d}⟧" for n in range(more))]
    larger = replace(chars, terms=terms, idf=np.concatenate([chars.idf, np.ones(more)]))
    weights = np.zeros((FEATURES, bundle.scorer.weights.shape[1]), np.float32)
    weights[: bundle.features.width] = bundle.scorer.weights
    features = replace(bundle.features, blocks=(words, larger))
    return replace(bundle, features=features, scorer=Scorer(weights, bundle.scorer.intercepts))


def test_no_request_fails_and_no_answer_is_of_a_wrong_version(
    home: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    models = home / "models"
    digests = {line["version"]: line["digest"] for line in read_history(models)}
    server = Server(home, Path("champion"), WORKERS)
    server.start()
    out = tmp_path / "requests.txt"
    script = str(Path(__file__).with_name("swap_client.py"))

    def client_process(seconds: float) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, script, str(server.port), str(CLIENTS), str(seconds), str(out)])

    assert client_process(PROBE_S).wait(60) == 0
    quiet = milliseconds(read(out))
    rate = len(quiet) / PROBE_S
    # On a slow machine the flips lie further apart, so that the requests come together.
    every = max(EVERY_S, 1.2 * LEAST_REQUESTS / rate / FLIPS)
    clients = client_process(FLIPS * every + 6)
    try:
        time.sleep(3)
        begun = time.time()
        asked: list[float] = []
        flips = [(0.0, "1")]
        for n in range(FLIPS):
            asked.append(time.time())
            if n % 5 == 4:
                version = roll_back(models, target(models, None), by="proof").version
            else:
                version = str(int(flips[-1][1]) % 3 + 1)
                promote(models, version, digests[version], by="proof", why=f"{n}")
            flips.append((time.time(), version))
            time.sleep(max(0.0, begun + (n + 1) * every - time.time()))
        assert clients.wait(120) == 0
    finally:
        clients.kill()
        server.stop()
    rows = read(out)
    failed = [row for row in rows if row[2] != "200"]
    wrong = [
        row
        for row in rows
        if row[3].removeprefix("paidan/") not in champions(flips, float(row[0]) - GRACE_S, float(row[1]))
    ]
    taken = milliseconds(rows)
    starts = np.array([float(row[0]) for row in rows])
    # A swap begins when it is asked for, for the servers load the version before the pointer names it.
    during = np.zeros(len(rows), bool)
    for begin, (moment, _) in zip(asked, flips[1:], strict=True):
        during |= (starts >= begin) & (starts < moment + GRACE_S)
    outside = np.concatenate([quiet, taken[~during]])
    p99_during, p99_outside = np.percentile(taken[during], 99), np.percentile(outside, 99)
    figures = {
        "requests": len(rows),
        "failed": len(failed),
        "wrong version": len(wrong),
        "flips": len(flips) - 1,
        "seconds between": round(every, 1),
        "requests during": int(during.sum()),
        "p99 during ms": round(float(p99_during), 2),
        "p99 outside ms": round(float(p99_outside), 2),
        "p99 before any swap ms": round(float(np.percentile(quiet, 99)), 2),
        "seconds to flip": round(
            float(np.median([flip[0] - begin for begin, flip in zip(asked, flips[1:], strict=True)])), 2
        ),
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


def read(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text(encoding="utf-8").splitlines()]


def milliseconds(rows: list[list[str]]) -> NDArray[np.float64]:
    return np.array([float(row[1]) - float(row[0]) for row in rows]) * 1000


def champions(flips: list[tuple[float, str]], start: float, end: float) -> set[str]:
    """The versions that were champion at some time of a span."""
    found = set()
    for place, (moment, version) in enumerate(flips):
        until = flips[place + 1][0] if place + 1 < len(flips) else float("inf")
        if moment <= end and until >= start:
            found.add(version)
    return found

"""A database that goes away and a disk that fills up under load: what the clients saw, what was kept, lost = 0."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from paidan.ledger.ledger import Ledger
from paidan.ledger.tables import predictions, replayed
from paidan.workspace import Workspace
from tests.paidan.ledger.conftest import own_postgres  # noqa: F401
from tests.postgres import Postgres
from tests.proof.server import Load, Server

AWAY_S = 60
pytestmark = pytest.mark.proof


def table(load: Load, url: str, record_testsuite_property: Any, name: str) -> dict[str, int]:
    """What clients saw and what was kept."""
    ledger = Ledger.open(url)
    try:
        with ledger.engine.connect() as conn:
            # An id that was given away is that of a prediction, or leads to one.
            kept = set(conn.execute(select(predictions.c.prediction_id)).scalars())
            became = {row[0]: row[1] for row in conn.execute(select(replayed.c.entry, replayed.c.prediction_id))}
        given = [answer["prediction_id"] for _, _, answer in load.told]
        lost = sum(became.get(one, one) not in kept for one in given)
        rows = ledger.counts()["predictions"]
        assert ledger.check() == []
    finally:
        ledger.close()
    found = {
        "answered_200": load.seen[200],
        "of_these_settled_later": sum(answer["revision"] is None for _, _, answer in load.told),
        "refused_503": load.seen[503],
        "other": sum(count for status, count in load.seen.items() if status not in (200, 503)),
        "tickets_answered": len({id for id, _, _ in load.told}),
        "predictions_kept": rows,
        "lost": lost,
    }
    record_testsuite_property(name, json.dumps(found))
    return found


def settled(server: Server) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        _, body = server.get("/readyz")
        if body and body["kept_in"] == "database" and body["backlog"] == 0:
            return
        time.sleep(0.2)
    raise AssertionError(f"the journal was not replayed: {body}")


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_postgresql_away_for_a_minute_under_load(
    workspace_copy: Workspace,
    tiny_folder: Path,
    own_postgres: Postgres,  # noqa: F811
    record_testsuite_property: Any,
    how: str,
) -> None:
    url = own_postgres.database()
    server = Server(workspace_copy.home, tiny_folder, 2, {"PAIDAN_DATABASE_URL": url})
    server.start()
    load = Load(server, "o", pause=0.005)
    try:
        load.start()
        time.sleep(3)
        own_postgres.stop() if how == "stopped" else own_postgres.freeze()
        time.sleep(AWAY_S)
        before = load.seen[200]
        own_postgres.start() if how == "stopped" else own_postgres.thaw()
        back = time.monotonic()
        settled(server)
        seconds = time.monotonic() - back
        time.sleep(3)
        load.stop()
        settled(server)
        found = table(load, url, record_testsuite_property, f"postgresql_{how}") | {"caught_up_s": round(seconds)}
        record_testsuite_property(f"postgresql_{how}_caught_up_s", round(seconds))
    finally:
        load.stop()
        server.stop()
    assert before > 1000
    assert (found["lost"], found["other"], found["refused_503"]) == (0, 0, 0)
    assert found["of_these_settled_later"] > 0
    assert found["predictions_kept"] == found["tickets_answered"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    if os.geteuid() != 0:
        pytest.skip("not run: mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"not run: a small disk cannot be mounted ({done.stderr.decode().strip()})")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_under_load(
    tiny_home: Path, tiny_folder: Path, small_disk: Path, record_testsuite_property: Any
) -> None:
    home = small_disk / "acme"
    shutil.copytree(tiny_home, home)
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(bytes(max(0, free - (6 << 20))))
    server = Server(home, tiny_folder)
    server.start()
    load = Load(server, "f")
    try:
        load.start()
        end = time.monotonic() + 90
        while load.seen[503] < 50 and time.monotonic() < end:
            time.sleep(0.1)
        assert load.seen[503] >= 50
        status, ready = server.get("/readyz")
        ballast.unlink()
        deadline = time.monotonic() + 30
        before = load.seen[200]
        while load.seen[200] < before + 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert load.seen[200] >= before + 200
        load.stop()
        settled(server)
        found = table(load, Workspace(home).ledger_url, record_testsuite_property, "full_disk")
    finally:
        load.stop()
        server.stop()
    assert status in (200, 503)
    assert ready["kept_in"] in ("database", "journal", "nowhere")
    assert (found["lost"], found["other"]) == (0, 0)
    assert found["predictions_kept"] == found["tickets_answered"]

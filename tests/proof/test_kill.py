"""`kill -9` of the server at 20 random moments under load: what was answered is there, and once."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from paidan.ledger.ledger import Ledger
from paidan.ledger.tables import predictions
from paidan.workspace import Workspace
from tests.proof.server import Load, Server

KILLS = 20
pytestmark = pytest.mark.proof


@pytest.mark.parametrize("workers", [1, 2])
def test_whatever_was_answered_outlives_a_kill(
    workspace_copy: Workspace, tiny_folder: Path, workers: int, record_testsuite_property: Any
) -> None:
    chance = random.Random(workers)
    server = Server(workspace_copy.home, tiny_folder, workers)
    told: dict[str, tuple[str, str]] = {}
    answers = 0
    for kill in range(KILLS):
        server.start()
        load = Load(server, f"k{kill}")
        load.start()
        time.sleep(chance.uniform(0.2, 1.5))
        server.kill()
        load.stop()
        answers += len(load.told)
        for id, text, answer in load.told:
            known = told.setdefault(id, (text, answer["prediction_id"]))
            assert known[1] == answer["prediction_id"], f"{id} was answered with two ids"
    ledger = Ledger.open(workspace_copy.ledger_url)
    assert ledger.check() == []
    with ledger.engine.connect() as conn:
        there = {(row[0], row[1]) for row in conn.execute(select(predictions.c.id, predictions.c.prediction_id))}
        twice = conn.execute(select(predictions.c.id).group_by(predictions.c.id).having(func.count() > 1)).all()
    ledger.close()
    lost = [id for id, (_, prediction_id) in told.items() if (id, prediction_id) not in there]
    found = {"kills": KILLS, "answered_200": answers, "tickets": len(told), "lost": len(lost), "twice": len(twice)}
    record_testsuite_property(f"kill_{workers}_workers", json.dumps(found))
    assert answers > KILLS * 20
    assert (lost, twice) == ([], [])
    server.start()
    try:
        for id in chance.sample(sorted(told), 200):
            text, prediction_id = told[id]
            status, answer = server.post("/v1/classify", {"id": id, "source": "crm", "text": text})
            assert (status, answer["replayed"], answer["prediction_id"]) == (200, True, prediction_id)
    finally:
        server.stop()

"""A real MLflow server with PostgreSQL and an artifact folder, killed in the middle of a registration."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from paidan.champion import read_champion
from paidan.workspace import init_workspace
from tests.conftest import slice_starter
from tests.paidan.ledger.conftest import postgres  # noqa: F401
from tests.postgres import Postgres
from tests.proof.server import PAIDAN, Server, free_port
from train.staging import Stage

pytestmark = [pytest.mark.proof, pytest.mark.postgres]
PATIENCE_S = 120


@dataclass
class Mlflow:
    """`mlflow server` on a PostgreSQL database, artifacts behind its own door."""

    store: str
    artifacts: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.artifacts.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", self.store, "--workers", "1"]
        command += ["--artifacts-destination", str(self.artifacts), "--port", str(self.port), "--host", "127.0.0.1"]
        log = (self.artifacts.parent / "mlflow.log").open("ab")
        quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        quiet.pop("MLFLOW_TRACKING_URI", None)
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=quiet, start_new_session=True)
        log.close()
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            assert self.process.poll() is None, (self.artifacts.parent / "mlflow.log").read_text()[-2000:]
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.3)
        raise AssertionError("the MLflow server did not come up")

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def mlflow_server(postgres: Postgres, tmp_path: Path) -> Iterator[Mlflow]:  # noqa: F811
    server = Mlflow(postgres.database(), tmp_path / "artifacts")
    server.start()
    yield server
    server.kill()


def paidan(home: Path, uri: str, *arguments: str, code: int = 0) -> str:
    found = subprocess.run(
        [str(PAIDAN), "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MLFLOW_TRACKING_URI": uri},
    )
    assert found.returncode == code, found.stderr[-2000:]
    return found.stderr if code else found.stdout


def test_a_server_killed_in_the_middle_costs_nothing(mlflow_server: Mlflow, tmp_path: Path) -> None:
    home, other = tmp_path / "acme", tmp_path / "branch"
    for folder in (home, other):
        init_workspace(folder)
        slice_starter(folder)
        (folder / "datasets" / "behaviour.jsonl").unlink(missing_ok=True)
    models, uri = home / "models", mlflow_server.uri
    # All of it works over the network: train, promote, pull elsewhere.
    paidan(home, uri, "train", "--quick", "--json")
    paidan(home, uri, "promote", "--why", "远程", "--json")
    assert json.loads(paidan(other, uri, "pull", "--json")) == {"changed": True, "version": "1"}
    assert read_champion(other / "models").digest == read_champion(models).digest  # type: ignore[union-attr]
    answering = Server(other, Path("champion"))
    answering.start()
    try:
        # The server dies while the artifacts of a second training go up.
        training = subprocess.Popen(
            [str(PAIDAN), "--home", str(home), "train", "--quick", "--json"],
            env={**os.environ, "MLFLOW_TRACKING_URI": uri},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        state = _begun(models)
        mlflow_server.kill()
        killed = time.monotonic()
        _, told = training.communicate(timeout=180)
        waited = time.monotonic() - killed
        assert training.returncode == 1
        assert "`paidan train --resume` registers it without training again" in told
        assert "Traceback" not in told
        assert waited < 60
        # Serving is unaffected; promoting and rolling back what lies here work; the alias is owed.
        status, answer = answering.post("/v1/classify", {"text": "发票一直没开"})
        assert (status, answer["model"]) == (200, "paidan/1")
        assert len(Stage.waiting(models)) == 1
        promoted = json.loads(paidan(home, uri, "promote", "1", "--json"))
        assert any("follows at the next" in note for note in promoted["gate"]["notes"])
        assert "failed" in paidan(other, uri, "pull", code=1)
        # It comes back: the same run is finished, nothing is trained again.
        mlflow_server.start()
        resumed = json.loads(paidan(home, mlflow_server.uri, "train", "--resume", "--json"))
        assert resumed == {"versions": ["2"]}
        assert not Stage.waiting(models)
        runs = _runs(home, mlflow_server.uri)
        assert runs[state]["status"] == "FINISHED"
        assert sorted(run["version"] for run in runs.values()) == ["1", "2"]
        paidan(home, mlflow_server.uri, "promote", "--why", "恢复之后", "--json")
        assert json.loads(paidan(other, mlflow_server.uri, "pull", "--json")) == {"changed": True, "version": "2"}
        end = time.monotonic() + 5
        while answering.post("/v1/classify", {"text": "发票一直没开"})[1]["model"] != "paidan/2":
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        answering.stop()
    print(f"\nmlflow server: killed in run {state}; the error came after {waited:.1f} s; resumed as version 2")  # noqa: T201


def _begun(models: Path) -> str:
    """Wait until a training has begun its run on the server."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        for path in (models / "staging").glob("*/stage.json"):
            run = json.loads(path.read_text(encoding="utf-8"))["run"]
            if run:
                return str(run)
        time.sleep(0.01)
    raise AssertionError("the training did not begin a run")


def _runs(home: Path, uri: str) -> dict[str, Any]:
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom paidan.workspace import Workspace\nfrom train.registry import Registry\n"
        "r = Registry(Workspace(Path(sys.argv[1]))); c = r.client()\n"
        "print(json.dumps({v.run_id: {'version': str(v.version), 'status': c.get_run(v.run_id).info.status}"
        " for v in c.search_model_versions(\"name='paidan'\")}))"
    )
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    found = subprocess.run(
        [sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True, env=environment
    )
    runs: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return runs

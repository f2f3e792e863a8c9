"""The registered pyfunc in a new environment that holds nothing but its own logged requirements."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paidan.workspace import Workspace
from tests.conftest import starter_records
from tests.proof.server import PAIDAN
from tests.train.placing import learn_from
from train.deploy import versions
from train.evidence import evidence_of
from train.registration import Registration
from train.registry import Registry
from train.staging import Stage

pytestmark = pytest.mark.proof
LOAD = """
import json, os, sys
assert not any(path.startswith(sys.argv[4]) for path in sys.path if path), sys.path
import importlib.util
assert importlib.util.find_spec("paidan") is None
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
rows = json.load(open(sys.argv[3], encoding="utf-8"))
json.dump(model.predict(rows), sys.stdout, ensure_ascii=False)
"""


def test_the_pyfunc_answers_the_same_in_a_clean_environment(workspace_copy: Workspace, tmp_path: Path) -> None:
    records = starter_records(workspace_copy)
    learned = learn_from(workspace_copy, records)
    stage = Stage.make(workspace_copy.models, learned.bundle, evidence_of(learned), learned.gate, learned.out_of_fold)
    stage.files.joinpath("note.txt").write_text("proof", encoding="utf-8")
    registry = Registry(workspace_copy)
    version = Registration(registry, stage.sealed()).run()
    registry.point("champion", version)

    import mlflow

    registry.client()
    needed = Path(
        mlflow.artifacts.download_artifacts(f"models:/paidan/{version}/requirements.txt", dst_path=str(tmp_path))
    )
    environment = tmp_path / "clean"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(needed)], check=True, cwd=tmp_path)

    rows = [
        {"id": f"T-{n}", "text": r.text, "received_at": "2026-11-20T12:00:00+08:00"} for n, r in enumerate(records[::2])
    ]
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    quiet = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONUTF8": "1"}
    found = subprocess.run(
        [
            str(python),
            "-I",
            "-c",
            LOAD,
            registry.uri,
            "models:/paidan@champion",
            str(asked),
            str(PAIDAN.parents[2] / "paidan"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=quiet,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    theirs = json.loads(found.stdout)

    from paidan.message import Message

    kept = versions(workspace_copy)
    router = kept.router(kept.bundle(version))
    ours = router.answer([Message.from_dict(row) for row in rows])
    assert len(theirs) == len(ours) > 200
    assert theirs == ours
    print(f"\nclean environment: {needed.read_text().split()}; {len(ours)} answers the same")  # noqa: T201

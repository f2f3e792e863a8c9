"""Registration: everything that made a version is in MLflow, and an outage loses nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paidan.bundle import Bundle, read_manifest
from paidan.champion import read_champion, read_history
from paidan.errors import RegistryError
from paidan.message import Message
from paidan.workspace import Workspace
from train.deploy import versions
from train.evidence import evidence_of
from train.learn import Learned
from train.registration import Registration
from train.registry import CHAMPION, Registry
from train.report import write_report
from train.staging import Stage


def staged(workspace: Workspace, learned: Learned) -> Stage:
    stage = Stage.make(workspace.models, learned.bundle, evidence_of(learned), learned.gate, learned.out_of_fold)
    write_report(learned, stage.files)
    return stage.sealed()


def test_a_version_is_registered_with_its_whole_lineage(workspace_copy: Workspace, tiny_learned: Learned) -> None:
    registry = Registry(workspace_copy)
    version = Registration(registry, staged(workspace_copy, tiny_learned)).run()
    assert version == "1"
    client = registry.client()
    found = client.get_model_version_by_alias(registry.name, "challenger")
    assert (str(found.version), found.status) == ("1", "READY")
    number = str(found.run_id)
    run = client.get_run(number)
    assert run.info.status == "FINISHED"
    assert run.data.tags["data_fingerprint"] == tiny_learned.fingerprint
    assert run.data.tags["taxonomy"] == tiny_learned.bundle.taxonomy.digest
    assert {"lexicon", "normaliser", "git", "python", "gate", "library.numpy"} <= set(run.data.tags)
    assert run.data.params["rows from starter"] == str(tiny_learned.rows["own"])
    assert {"seed", "threshold 0.95", "limit high"} <= set(run.data.params)
    metrics = run.data.metrics
    assert (
        metrics["out_of_fold/tag.accuracy.low"]
        <= metrics["out_of_fold/tag.accuracy"]
        <= metrics["out_of_fold/tag.accuracy.high"]
    )
    assert run.inputs is not None
    rows = {
        (one.dataset.name, one.tags[0].value): json.loads(str(one.dataset.profile)) for one in run.inputs.dataset_inputs
    }
    assert rows["starter", "training"] == {"rows": tiny_learned.rows["own"]}
    assert rows["starter", "gate"] == {"rows": tiny_learned.rows["held out"]}
    files = {item.path for item in client.list_artifacts(number)}
    assert {
        "per-tag.csv",
        "thresholds.json",
        "environment.json",
        "lineage.json",
        "model-card.md",
        "metrics.json",
    } <= files
    _, digest = read_manifest(workspace_copy.models / "1")
    assert registry.fetch("1", workspace_copy.models / "fetched")
    assert read_manifest(workspace_copy.models / "fetched")[1] == digest
    line = read_history(workspace_copy.models)[-1]
    assert (line["event"], line["version"], line["digest"]) == ("registered", "1", digest)
    assert not list((workspace_copy.models / "staging").iterdir())


def test_an_outage_keeps_the_training_and_a_resume_registers_it(
    workspace_copy: Workspace, tiny_learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(RegistryError, match="`paidan train --resume` registers it without training again"):
        Registration(Registry(workspace_copy), staged(workspace_copy, tiny_learned)).run()
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    waiting = Stage.waiting(workspace_copy.models)
    assert len(waiting) == 1
    version = Registration(Registry(workspace_copy), waiting[0]).run()
    answered = Bundle.load(workspace_copy.models / version)
    assert answered.name == "paidan/1"
    text = [Message.from_text("发票一直没开")]
    kept = versions(workspace_copy)
    before, after = (kept.router(one).answer(text)[0] for one in (tiny_learned.bundle, answered))
    assert before["candidates"] == after["candidates"]


def test_an_alias_that_is_owed_follows_at_the_next_call(
    workspace_copy: Workspace, tiny_learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(workspace_copy)
    version = Registration(registry, staged(workspace_copy, tiny_learned)).run()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    versions(workspace_copy).promote(version, why="", force=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    with pytest.raises(RegistryError, match="the registry has no 'champion'"):
        registry.champion()
    registry.catch_up()
    assert registry.champion() == version
    assert versions(workspace_copy).pull() is None


def test_pull_follows_the_alias_into_another_workspace(
    workspace_copy: Workspace, tiny_learned: Learned, tiny_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(workspace_copy)
    version = Registration(registry, staged(workspace_copy, tiny_learned)).run()
    registry.point(CHAMPION, version)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.uri)
    other = versions(Workspace(tmp_path / "elsewhere"))
    champion = other.pull()
    assert champion is not None
    assert champion.digest == read_manifest(workspace_copy.models / version)[1]
    assert other.pull() is None
    line = read_history(tmp_path / "elsewhere" / "models")[-1]
    assert (line["event"], line["version"]) == ("pulled", version)
    assert tiny_home.is_dir()
    assert read_champion(workspace_copy.models) is None

"""From a trained version to the one that answers: gate, flip, replaced taxonomies, a store that is away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from paidan.champion import read_champion, read_history
from paidan.errors import BundleError, GateError, RegistryError
from paidan.taxonomy import Taxonomy
from paidan.workspace import Workspace
from tests.conftest import starter_records
from tests.train.placing import learn_from, place, shuffled
from train.commands.options import HEADS
from train.deploy import Versions, versions
from train.learn import Learned, Lesson, learn


@pytest.fixture(scope="session")
def tiny_shuffled(tiny_home: Path) -> Learned:
    workspace = Workspace(tiny_home)
    return learn_from(workspace, shuffled(starter_records(workspace)))


@pytest.fixture(scope="session")
def tiny_foreign(tiny_home: Path) -> Learned:
    """Learned from the same messages under other tags."""
    workspace = Workspace(tiny_home)
    records = tuple(
        replace(
            r, labels={**r.labels, "tag": "甲" + str(r.labels["tag"])} if r.labels.get("tag") else r.labels, also=()
        )
        for r in starter_records(workspace)
    )
    taxonomy = Taxonomy.infer(str(r.labels["tag"]) for r in records if r.labels.get("tag"))
    return learn(workspace, Lesson(records, (), taxonomy, HEADS, hold_out=True, quick=True))


@pytest.fixture
def kept(workspace_copy: Workspace, tiny_learned: Learned) -> Versions:
    """A workspace whose version 1 answers."""
    found = versions(workspace_copy)
    # The tiny model knows a quarter of the tags that the default cases ask for.
    (workspace_copy.datasets / "behaviour.jsonl").unlink(missing_ok=True)
    place(workspace_copy, tiny_learned, "1")
    found.promote("1", why="第一版", force=False)
    return found


def test_the_first_version_needs_no_rival(kept: Versions) -> None:
    champion = read_champion(kept.workspace.models)
    assert champion is not None
    assert (champion.version, champion.why, champion.sequence) == ("1", "第一版", 1)
    gate = read_history(kept.workspace.models)[-1]["gate"]
    assert gate["passed"]
    assert any("no champion to compare with" in note for note in gate["notes"])


def test_the_same_model_again_is_judged_on_paired_out_of_fold_answers(kept: Versions, tiny_learned: Learned) -> None:
    place(kept.workspace, tiny_learned, "2")
    champion, verdict = kept.promote("2", why="", force=False)
    assert champion.version == "2"
    assert verdict.figures["judged_on"] == "out-of-fold answers"
    assert verdict.figures["gate_records"] < 300
    assert any("from 300 on they decide" in note for note in verdict.notes)
    frozen = verdict.figures["gate_set"]
    path = kept.workspace.models / "gate" / f"frozen-{frozen['sha256'][:16]}.jsonl"
    assert len(path.read_text(encoding="utf-8").splitlines()) == frozen["records"]


def test_shuffled_labels_are_refused_with_every_reason(kept: Versions, tiny_shuffled: Learned) -> None:
    place(kept.workspace, tiny_shuffled, "2")
    with pytest.raises(GateError) as refused:
        kept.promote("2", why="", force=False)
    assert "gate records carry another tag in this training than in the frozen set" in str(refused.value)
    assert "the floor is 30%" in str(refused.value)
    assert "tags:" in str(refused.value)
    champion = read_champion(kept.workspace.models)
    assert champion is not None
    assert champion.version == "1"


def test_force_needs_a_reason_and_is_recorded(kept: Versions, tiny_shuffled: Learned) -> None:
    place(kept.workspace, tiny_shuffled, "2")
    with pytest.raises(RegistryError, match="--why"):
        kept.promote("2", why=" ", force=True)
    kept.promote("2", why="演练", force=True)
    last = read_history(kept.workspace.models)[-1]
    assert (last["why"], last["gate"]["forced"], last["gate"]["passed"]) == ("演练", True, False)
    assert last["gate"]["refusals"]


def test_another_taxonomy_is_asked_for_once(kept: Versions, tiny_foreign: Learned) -> None:
    (kept.workspace.datasets / "behaviour.jsonl").write_text(
        json.dumps({"name": "发票", "kind": "minimum", "text": "发票一直没开", "expected": {"tag": "process.invoice"}})
        + "\n",
        encoding="utf-8",
    )
    place(kept.workspace, tiny_foreign, "2")
    with pytest.raises(GateError, match="another taxonomy: 0 of the champion's 50 tags are in it, 12 are new"):
        kept.promote("2", why="", force=False)
    _, verdict = kept.promote("2", why="自己的标签", force=False, replace_taxonomy=True)
    assert verdict.figures["replace_taxonomy"] is True
    assert verdict.figures["skipped_behaviours"] == ["发票"]
    assert verdict.figures["corrections"] == {"mapped": 0, "set_aside": 0}
    assert verdict.figures["taxonomy"]["replaced"] is True
    place(kept.workspace, tiny_foreign, "3")
    _, verdict = kept.promote("3", why="下一周", force=False)
    assert verdict.passed
    assert verdict.figures["taxonomy"]["replaced"] is False


def test_a_frozen_set_that_was_changed_stops_the_gate_but_not_force(kept: Versions, tiny_learned: Learned) -> None:
    place(kept.workspace, tiny_learned, "2")
    path = next((kept.workspace.models / "gate").glob("frozen-*.jsonl"))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[1:]), encoding="utf-8")
    with pytest.raises(GateError, match="was changed after it was frozen"):
        kept.promote("2", why="", force=False)
    champion, verdict = kept.promote("2", why="门坏了", force=True)
    assert champion.version == "2"
    assert "the gate could not be held" in verdict.refusals[0]


def test_a_store_that_is_away_stops_no_promotion_of_a_local_bundle(
    kept: Versions, tiny_learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(kept.workspace, tiny_learned, "2")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    champion, verdict = kept.promote("2", why="", force=False)
    assert champion.version == "2"
    assert any("The alias champion follows at the next" in note for note in verdict.notes)
    with pytest.raises(RegistryError, match=r"http://127\.0\.0\.1:9 failed"):
        kept.resolve("challenger")


def test_a_bundle_that_is_not_the_promoted_one_is_refused(kept: Versions, tiny_shuffled: Learned) -> None:
    place(kept.workspace, tiny_shuffled, "1")
    with pytest.raises(BundleError, match="is not the bundle that was promoted"):
        kept.bundle("champion")


def test_an_unknown_reference_says_what_is_allowed(kept: Versions) -> None:
    with pytest.raises(BundleError, match="Allowed: champion, challenger, a version number, or a bundle's path"):
        kept.bundle("best")

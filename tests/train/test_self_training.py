"""Self-training: what is taken is sure, capped and light; the comparison is honest; a fall is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from paidan.main import Context
from paidan.workspace import Workspace
from tests.conftest import starter_records
from train.commands.train import train
from train.examples import to_examples
from train.fit import Recipe, fit
from train.self_training import SelfTraining, compared


def test_the_surest_of_each_tag_are_taken_and_no_more() -> None:
    scores = np.array([[2.0, 0.0], [1.0, 0.9], [3.0, 0.0], [0.0, 1.5], [1.8, 0.0]])
    readable = np.array([True, True, True, True, False])
    assert SelfTraining((), share=1.0, most=1).chosen(scores, readable) == [(2, 0), (3, 1)]
    assert SelfTraining((), share=1.0, most=9).chosen(scores, readable) == [(0, 0), (1, 0), (2, 0), (3, 1)]
    assert SelfTraining((), share=0.4, most=9).chosen(scores, readable) == [(0, 0), (2, 0)]


def test_one_tag_or_no_text_teaches_nothing() -> None:
    assert SelfTraining(()).chosen(np.zeros((3, 1)), np.ones(3, bool)) == []
    assert SelfTraining(()).chosen(np.zeros((0, 4)), np.ones(0, bool)) == []


def test_an_adapted_model_that_falls_is_not_kept() -> None:
    fallen = compared(500, 80, [True, True, False], [True, False, False])
    assert (fallen.kept, fallen.tag["lost"]) == (False, 1)
    assert str(fallen).endswith("0.6667 before, 0.3333 with them (not kept: the labelled messages fell)")


def test_labelled_messages_alone_calibrate_and_decide(tiny_home: Path) -> None:
    workspace = Workspace(tiny_home)
    examples = to_examples(starter_records(workspace), ("tag",))
    texts = ("电池半天就没电了,充满也用不久", "屏幕上有一条绿线", "快递都一周了还没送到")
    plan = SelfTraining(texts, share=1.0)
    fitted = fit(examples, workspace.taxonomy(), Recipe(folds=2, jobs=1), {}, unlabelled=plan)
    assert 0 < fitted.taken <= len(texts)
    assert {len(shares) for shares in fitted.out_of_fold.values()} == {len(fitted.vectors)} == {len(examples)}
    assert sum(fitted.bundle.heads[0].prior) == pytest.approx(1.0)


def test_train_says_what_unlabelled_texts_did(tiny_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    lines = [json.dumps({"text": f"电池用{n}个小时就没电"}, ensure_ascii=False) for n in range(2, 9)]
    file.write_text("\n".join(lines), encoding="utf-8")
    options = ["--no-registry", "--bundle", str(tmp_path / "su"), "--quick", "--json", "--unlabelled", str(file)]
    said = CliRunner().invoke(train, options, obj=Context(tiny_home), catch_exceptions=False)
    found = json.loads(said.stdout)["self_training"]
    assert (found["texts"], found["tag"]["before"]["n"]) == (7, found["tag"]["now"]["n"])
    assert found["kept"] == (found["tag"]["won"] >= found["tag"]["lost"])
    manifest = json.loads((tmp_path / "su" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["identity"]["self_training"]["texts"] == 7

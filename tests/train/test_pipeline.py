"""The scikit-learn form of a model scores as the served form does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from paidan.message import Message
from paidan.reading import read
from train.learn import Learned
from train.pipeline import FILE, export_pipeline


@pytest.fixture(scope="module")
def pipelines(tiny_learned: Learned, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = export_pipeline(tiny_learned.fitted, tmp_path_factory.mktemp("pipeline"))
    assert path.name == FILE
    loaded: dict[str, Any] = joblib.load(path)
    return loaded


def test_every_head_is_a_pipeline_of_its_own(tiny_learned: Learned, pipelines: dict[str, Any]) -> None:
    assert list(pipelines) == [head.name for head in tiny_learned.bundle.heads]
    assert all(isinstance(pipeline, Pipeline) for pipeline in pipelines.values())


def test_decision_scores_equal_the_served_ones(
    tiny_learned: Learned, pipelines: dict[str, Any], starter_texts: tuple[str, ...]
) -> None:
    texts = [*starter_texts[::100], "退款", "龘靐", "ＡＰＰ打不開，13800001111"]
    bundle = tiny_learned.bundle
    served = np.array(
        [
            bundle.scorer.scores(bundle.features.vector(read(Message.from_text(text), bundle.normaliser).text))
            for text in texts
        ]
    )
    for head in bundle.heads:
        scores = pipelines[head.name].decision_function(texts)
        expected = served[:, head.columns]
        if len(head.labels) == 2:
            expected = expected[:, 1]
        assert scores.shape == expected.shape
        assert np.abs(scores - expected).max() < 1e-5, head.name


def test_the_label_is_the_served_one(tiny_learned: Learned, pipelines: dict[str, Any]) -> None:
    bundle = tiny_learned.bundle
    text = "退款三天没到账"
    scores = bundle.scorer.scores(bundle.features.vector(text))
    for head in bundle.heads:
        assert pipelines[head.name].predict([text])[0] == head.labels[int(scores[head.columns].argmax())]


def test_two_labels_are_the_sign_of_one_score(tiny_learned: Learned, tmp_path: Path) -> None:
    from dataclasses import replace

    bundle = tiny_learned.bundle
    head = replace(bundle.heads[0], name="two", labels=("甲", "乙"), prior=np.array([0.5, 0.5]))
    weights = bundle.scorer.weights[:, :1]
    scorer = replace(bundle.scorer, weights=np.hstack([-weights, weights]), intercepts=np.array([-0.5, 0.5]))
    fitted = replace(tiny_learned.fitted, bundle=replace(bundle, heads=(head,), scorer=scorer))
    pipeline = joblib.load(export_pipeline(fitted, tmp_path))["two"]
    score = float(pipeline.decision_function(["退款"])[0])
    assert score == pytest.approx(float(scorer.scores(bundle.features.vector("退款"))[1]), abs=1e-5)
    assert pipeline.predict(["退款"])[0] == ("乙" if score > 0 else "甲")


def test_what_is_no_message_is_refused(pipelines: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="text: is empty"):
        pipelines["tag"].predict([""])

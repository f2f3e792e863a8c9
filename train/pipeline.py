"""The same weights as ordinary scikit-learn pipelines, for notebooks. Serving never reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import joblib
import numpy as np
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from paidan.errors import MessageError
from paidan.heads import Head, Scorer
from paidan.message import Message
from paidan.normalise import CURRENT
from paidan.reading import read
from train.fit import Fitted

FILE = "pipeline.joblib"


def export_pipeline(fitted: Fitted, folder: Path) -> Path:
    """Save a dict of head → Pipeline(read, features, classifier) as `pipeline.joblib`; returns its path.

    Each takes a list of texts as they were sent. A joblib file executes what is in it when it is loaded: load only
    what you trained yourself. Heads of a single label have no classifier and are left out.
    """
    bundle = fitted.bundle
    pipelines = {
        head.name: to_pipeline(fitted.union, head, bundle.scorer) for head in bundle.heads if len(head.labels) > 1
    }
    path = folder / FILE
    joblib.dump(pipelines, path)
    return path


def to_pipeline(union: FeatureUnion, head: Head, scorer: Scorer) -> Pipeline:
    """One head as a pipeline whose `decision_function` is the scorer's."""
    classifier = LinearSVC()
    # scikit-learn keeps one row for two labels: that of the second.
    rows = slice(head.start + 1, head.start + 2) if len(head.labels) == 2 else head.columns
    classifier.coef_ = np.asarray(scorer.weights[:, rows]).T
    classifier.intercept_ = np.asarray(scorer.intercepts[rows], dtype=np.float64)
    classifier.classes_ = np.array(head.labels, dtype=object)
    classifier.n_features_in_ = classifier.coef_.shape[1]
    reader = FunctionTransformer(read_texts)
    return Pipeline([("read", reader), ("features", union), ("classifier", classifier)])


def read_texts(texts: Sequence[str]) -> list[str]:
    """Texts as the model reads them.

    >>> read_texts(["ＡＰＰ打不開"])
    ['APP打不开']
    """
    return [_read(text) for text in texts]


def _read(text: str) -> str:
    try:
        return read(Message.from_text(text), CURRENT).text
    except MessageError as error:
        raise ValueError(str(error)) from None

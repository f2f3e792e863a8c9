"""Figures of the grouped out-of-fold answers: what a training can say of itself before anyone else measures."""

from __future__ import annotations

from typing import Any

import numpy as np

from paidan.report.calibration_error import calibration
from paidan.report.labels import macro_f1, per_label
from paidan.report.proportion import proportion
from train.fit import Fitted
from train.labelled import Examples


def out_of_fold_metrics(examples: Examples, fitted: Fitted) -> dict[str, Any]:
    """By head: accuracy with its interval and macro-F1; for tags also top-3, `also` and calibration."""
    figures: dict[str, Any] = {}
    for head in fitted.bundle.heads:
        shares = fitted.out_of_fold[head.name]
        mine = [row for row, label in enumerate(examples.labels[head.name]) if label is not None]
        truth = [str(examples.labels[head.name][row]) for row in mine]
        order = np.argsort(-shares[mine], axis=1, kind="stable")
        said = [head.labels[int(best)] for best in order[:, 0]]
        right = np.array([t == s for t, s in zip(truth, said, strict=True)])
        figures[head.name] = {"accuracy": proportion(int(right.sum()), len(right)), "macro_f1": macro_f1(truth, said)}
        if head.name == "tag":
            top = [t in {head.labels[int(c)] for c in row[:3]} for t, row in zip(truth, order, strict=True)]
            also = [s in (t, *examples.also[row]) for t, s, row in zip(truth, said, mine, strict=True)]
            figures["tag"] |= {
                "accuracy_also": proportion(sum(also), len(also)),
                "top3": proportion(sum(top), len(top)),
            }
            figures["tag"] |= {
                key: value for key, value in calibration(shares[mine].max(axis=1), right).items() if key != "bins"
            }
            figures["tag"]["per_tag"] = per_label(truth, said)
    return figures


def right_tags(examples: Examples, fitted: Fitted) -> list[bool]:
    """Whether the out-of-fold tag is right, for each tagged message in order."""
    head = fitted.bundle.head("tag")
    if head is None:
        return []
    best = fitted.out_of_fold["tag"].argmax(axis=1)
    return [head.labels[int(best[row])] == tag for row, tag in enumerate(examples.labels["tag"]) if tag is not None]

"""How much more data buys: the plain model (words and characters 1–2, linear SVM) at 25, 50, 100, 200, all per tag.

Example: python scripts/learning_curve.py held-out.jsonl other.jsonl
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from paidan.normalise import CURRENT
from paidan.reading import read
from paidan.workspace import Workspace
from train.estimators import Penalty, fit_head
from train.records import Record, read_records
from train.vectorise import View, matrix, to_features, vectoriser

PLAIN = (View("words", 1, 2), View("chars", 1, 2))
SIZES = (25, 50, 100, 200, 400, 10_000)
SEED = 20261122


def main(paths: list[Path]) -> int:
    """Print a row for each size and file: tag accuracy, counting `also`, top three."""
    workspace = Workspace(Path(__file__).parent.parent)
    taxonomy = workspace.taxonomy()
    records = [r for r in read_records(workspace.starter, taxonomy=taxonomy).records if r.labels.get("tag")]
    order = np.random.default_rng(SEED).permutation(len(records))
    by_tag: dict[str, list[Record]] = defaultdict(list)
    for index in order:
        by_tag[str(records[index].labels["tag"])].append(records[index])
    table = Table(title="learning curve, plain model")
    for column in ("per tag", "messages", "file", "tag", "also", "top 3"):
        table.add_column(column, justify="right")
    for size in SIZES:
        chosen = [record for mine in by_tag.values() for record in mine[:size]]
        union = vectoriser(PLAIN, ())
        texts = [read(record.message, CURRENT).text for record in chosen]
        union.fit(texts)
        features = to_features(union, PLAIN, ())
        head = fit_head(matrix(features, texts)[0], [str(record.labels["tag"]) for record in chosen], Penalty(0.7))
        for path in paths:
            held = [r for r in read_records([path], taxonomy=taxonomy).records if r.labels.get("tag")]
            scores = head.scores(matrix(features, [read(r.message, CURRENT).text for r in held])[0])
            ranked = np.argsort(-scores, axis=1)
            first = [head.labels[row[0]] for row in ranked]
            right = np.mean([f == r.labels["tag"] for f, r in zip(first, held, strict=True)])
            also = np.mean([f in (r.labels["tag"], *r.also) for f, r in zip(first, held, strict=True)])
            top = np.mean(
                [r.labels["tag"] in {head.labels[c] for c in row[:3]} for r, row in zip(held, ranked, strict=True)]
            )
            table.add_row(
                "all" if size > 1000 else str(size),
                f"{len(chosen):,}",
                path.name,
                f"{right:.3f}",
                f"{also:.3f}",
                f"{top:.3f}",
            )
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))

"""Speed beside the naive pipeline, in one run on the same messages: TF-IDF over jieba and logistic regression."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from paidan.message import Message
from paidan.reference import cut
from paidan.router import Router

TURNS = 5
SHORTEST, LONGEST = 20, 200


def naive_pipeline(texts: Sequence[str], labels: Sequence[str]) -> Pipeline:
    """What one would write in five lines, fitted."""
    vectoriser = TfidfVectorizer(tokenizer=cut, token_pattern=None, lowercase=False)
    return make_pipeline(vectoriser, LogisticRegression(max_iter=200)).fit(list(texts), list(labels))


def compare(
    router: Router, naive: Pipeline, texts: Sequence[str], progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Both sides in turns, five times each.

    Returns:
        `ratios` (above 1 is in Paidan's favour): `answer_p50` and `answer_p99`, one `predict_proba` against one
        full answer; `file_throughput`, messages a second on one core against a batch of `predict_proba`. And
        `absolute`: the times behind them in microseconds, each the median of the turns with its range.
    """
    messages = [Message.from_text(text) for text in texts]
    naive.predict_proba(list(texts[:20]))
    router.answer(messages[:20])
    turns: dict[str, list[float]] = {
        name: [] for name in ("naive_p50", "naive_p99", "ours_p50", "ours_p99", "naive_batch", "ours_batch")
    }
    for turn in range(TURNS):
        progress(f"turn {turn + 1} of {TURNS}")
        _single(turns, "naive", [partial(naive.predict_proba, [text]) for text in texts])
        _single(turns, "ours", [partial(router.answer, [message]) for message in messages])
        turns["naive_batch"].append(_seconds(lambda: naive.predict_proba(list(texts))) / len(texts) * 1e6)
        turns["ours_batch"].append(_seconds(lambda: router.answer(messages)) / len(texts) * 1e6)
    middle = {name: float(np.median(values)) for name, values in turns.items()}
    return {
        "ratios": {
            "answer_p50": round(middle["naive_p50"] / middle["ours_p50"], 3),
            "answer_p99": round(middle["naive_p99"] / middle["ours_p99"], 3),
            "file_throughput": round(middle["naive_batch"] / middle["ours_batch"], 3),
        },
        "absolute": {
            "microseconds": {
                name: {"median": round(middle[name], 1), "least": round(min(values), 1), "most": round(max(values), 1)}
                for name, values in turns.items()
            },
            "messages": len(texts),
            "machine": {"processor": platform.processor() or platform.machine(), "python": platform.python_version()},
        },
    }


def _single(turns: dict[str, list[float]], side: str, calls: Sequence[Callable[[], Any]]) -> None:
    times = np.array([_seconds(call) for call in calls]) * 1e6
    turns[f"{side}_p50"].append(float(np.median(times)))
    turns[f"{side}_p99"].append(float(np.quantile(times, 0.99)))


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start

"""The comparison with the naive pipeline: both sides really answer, and the ratios are theirs."""

from __future__ import annotations

import numpy as np
import pytest

from paidan.router import Router
from train import bench
from train.bench import compare, naive_pipeline

TEXTS = ["退款申请通过半个月了钱还没到账", "手机充满电两个小时就没了"] * 6
LABELS = ["process.refund-delay", "product.battery"] * 6


def test_the_naive_side_is_a_model_that_answers() -> None:
    naive = naive_pipeline(TEXTS, LABELS)
    assert list(naive.predict(TEXTS[:2])) == LABELS[:2]
    assert naive.predict_proba(TEXTS[:1]).sum() == pytest.approx(1)


def test_ratios_follow_from_the_times_behind_them(tiny_router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "TURNS", 2)
    found = compare(tiny_router, naive_pipeline(TEXTS, LABELS), TEXTS)
    times = found["absolute"]["microseconds"]
    assert found["absolute"]["messages"] == len(TEXTS)
    for ratio, naive, ours in (
        ("answer_p50", "naive_p50", "ours_p50"),
        ("answer_p99", "naive_p99", "ours_p99"),
        ("file_throughput", "naive_batch", "ours_batch"),
    ):
        assert found["ratios"][ratio] == pytest.approx(times[naive]["median"] / times[ours]["median"], rel=0.02)
        assert times[ours]["least"] <= times[ours]["median"] <= times[ours]["most"]
        assert np.isfinite(found["ratios"][ratio])

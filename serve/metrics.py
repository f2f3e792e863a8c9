"""Prometheus figures. Counters are one series over all workers when PROMETHEUS_MULTIPROC_DIR is set."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The figures of one server process; a registry of its own, so that two apps never share."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter(
            "paidan_answers", "Messages answered", ["decision", "tier", "model"], registry=self.registry
        )
        self.refused = Counter("paidan_refused", "Messages refused as invalid", ["code"], registry=self.registry)
        self.dry_runs = Counter("paidan_dry_runs", "Messages answered and not recorded", registry=self.registry)
        self.replayed = Counter("paidan_replayed", "Messages answered from the ledger", registry=self.registry)
        self.seconds = Histogram(
            "paidan_request_seconds", "Time to answer a request", ["endpoint"], buckets=BUCKETS, registry=self.registry
        )
        self.ready = Gauge(
            "paidan_ready", "1 while the server can answer", registry=self.registry, multiprocess_mode="livemin"
        )
        self.backlog = Gauge(
            "paidan_journal_backlog",
            "Answers that wait for the database",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.proven = Gauge(
            "paidan_contract_proven",
            "1 while the precision contract is proven",
            registry=self.registry,
            multiprocess_mode="livemax",
        )

    def answered(self, answer: dict[str, Any]) -> None:
        self.answers.labels(answer["decision"], answer["urgency"]["id"], answer["model"]).inc()
        if answer["dry_run"]:
            self.dry_runs.inc()
        if answer["replayed"]:
            self.replayed.inc()

    @contextmanager
    def timed(self, endpoint: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds.labels(endpoint).observe(time.perf_counter() - start)

    def render(self) -> bytes:
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self.registry)

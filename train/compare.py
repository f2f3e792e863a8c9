"""Two versions on the same rows, as a release note of behaviour: what was fixed, what broke, what it costs."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paidan.bundle import Bundle
from paidan.masking import mask
from paidan.message import Message
from paidan.report.metrics import Judged, metrics
from paidan.router import Router
from train.judge import judge, known_labels
from train.paired import paired
from train.records import Record
from train.shared_tags import SharedTags

TIMED, ROUNDS = 200, 5
DECISIONS = ("auto", "suggest", "human")


@dataclass(frozen=True)
class Compared:
    """A version, the name it was asked for by, and where its bundle lies (None: only in memory)."""

    ref: str
    router: Router
    folder: Path | None = None

    @property
    def bundle(self) -> Bundle:
        return self.router.bundle


def compare(
    before: Compared, after: Compared, records: Sequence[Record], progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Everything that changes for the people behind the desks when `after` takes `before`'s place.

    Tags that only one of the two knows are left out of what is compared, and listed under `taxonomy`.
    """
    shared = SharedTags.between(before.bundle.taxonomy, after.bundle.taxonomy)
    named = [known_labels(record, after.bundle.taxonomy) for record in records]
    old = shared.translated(judge(before.router, named, progress))
    new = shared.translated(judge(after.router, named, progress))
    rows = list(zip(named, old, new, strict=True))
    tagged = [(record, a, b) for record, a, b in rows if b.in_scope and b.known]
    urgent = [(record, a, b) for record, a, b in rows if b.labels.get("urgency") == "high"]
    kinds = [(record, a, b) for record, a, b in rows if b.labels.get("kind")]
    return {
        "before": _version(before),
        "after": _version(after),
        "rows": len(records),
        "compared": len(tagged),
        "taxonomy": shared.to_dict(),
        "tag": {
            "accuracy": _paired(tagged, _exact),
            "accuracy_also": _paired(tagged, lambda one: one.accepted),
            "top3": _paired(tagged, _in_top),
        },
        "kind": {"accuracy": _paired(kinds, _kind)},
        "per_tag": _per_tag(tagged),
        "fixed": [_row(*row) for row in tagged if row[2].accepted and not row[1].accepted],
        "broken": [_row(*row) for row in tagged if row[1].accepted and not row[2].accepted],
        "urgency": {
            "high_recall": _paired(urgent, _high),
            "no_longer_missed": [_row(*row) for row in urgent if _high(row[2]) and not _high(row[1])],
            "newly_missed": [_row(*row) for row in urgent if _high(row[1]) and not _high(row[2])],
            "false_high": _paired(
                [row for row in rows if row[2].labels.get("urgency") not in (None, "high")], lambda one: not _high(one)
            ),
        },
        "decisions": _decisions(old, new),
        "contract": {"before": _contract(before.router, old), "after": _contract(after.router, new)},
        "speed": speed(before.router, after.router, [record.message for record in named]),
    }


def speed(before: Router, after: Router, messages: Sequence[Message]) -> dict[str, Any]:
    """Milliseconds of one full answer, both in turn on the same messages; the medians of five rounds."""
    chosen = messages[:: max(1, len(messages) // TIMED)][:TIMED]
    medians: dict[str, list[float]] = {"before": [], "after": []}
    for _ in range(ROUNDS if chosen else 0):
        for name, router in (("before", before), ("after", after)):
            medians[name].append(statistics.median(_timed(router, chosen)))
    figures: dict[str, Any] = {f"{name}_ms": round(min(found), 4) for name, found in medians.items() if found}
    if figures:
        figures["ratio"] = round(figures["after_ms"] / figures["before_ms"], 3)
    return figures


def _timed(router: Router, messages: Sequence[Message]) -> list[float]:
    taken = []
    for message in messages:
        start = time.perf_counter()
        router.answer([message])
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def _version(one: Compared) -> dict[str, Any]:
    bundle, identity = one.bundle, one.bundle.identity
    files = [path for path in one.folder.iterdir() if path.is_file()] if one.folder else []
    return {
        "ref": one.ref,
        "model": bundle.name,
        "digest": bundle.digest,
        "bytes": sum(path.stat().st_size for path in files) or None,
        "features": bundle.features.width,
        "heads": {head.name: len(head.labels) for head in bundle.heads},
        "data": identity.get("data"),
        "git": identity.get("git"),
        "taxonomy": bundle.taxonomy.digest,
        "normaliser": bundle.normaliser,
    }


_Rows = Sequence[tuple[Record, Judged, Judged]]


def _paired(rows: _Rows, right: Callable[[Judged], bool]) -> dict[str, Any]:
    return paired([right(old) for _, old, _ in rows], [right(new) for _, _, new in rows])


def _exact(one: Judged) -> bool:
    return one.said == one.labels["tag"]


def _in_top(one: Judged) -> bool:
    return any(candidate["id"] == one.labels["tag"] for candidate in one.answer["candidates"][:3])


def _high(one: Judged) -> bool:
    return bool(one.answer["urgency"]["id"] == "high")


def _kind(one: Judged) -> bool:
    kind = one.answer["kind"]
    return kind is not None and kind["id"] == one.labels["kind"]


def _per_tag(tagged: _Rows) -> dict[str, dict[str, Any]]:
    """Recall of each tag before and now, paired; precision beside it. Worst change first."""
    by_tag: dict[str, list[tuple[Record, Judged, Judged]]] = {}
    for row in tagged:
        by_tag.setdefault(str(row[2].labels["tag"]), []).append(row)
    named = {name: _precision(tagged, which) for name, which in (("before", 1), ("now", 2))}
    found = {
        tag: {**_paired(rows, lambda one: one.accepted), "precision": {name: named[name].get(tag) for name in named}}
        for tag, rows in by_tag.items()
    }
    return dict(sorted(found.items(), key=lambda item: (item[1]["delta"]["value"], item[0])))


def _precision(tagged: Iterable[tuple[Record, Judged, Judged]], which: int) -> dict[str, float]:
    said: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for row in tagged:
        one = row[which]
        if isinstance(one, Judged) and one.said is not None:
            said[one.said] += 1
            right[one.said] += one.accepted
    return {tag: round(right[tag] / n, 6) for tag, n in said.items()}


def _decisions(old: Sequence[Judged], new: Sequence[Judged]) -> dict[str, Any]:
    moved = Counter((a.answer["would_be"], b.answer["would_be"]) for a, b in zip(old, new, strict=True))
    return {
        "before": {name: sum(n for (a, _), n in moved.items() if a == name) for name in DECISIONS},
        "after": {name: sum(n for (_, b), n in moved.items() if b == name) for name in DECISIONS},
        "moved": {f"{a} → {b}": n for (a, b), n in sorted(moved.items()) if a != b},
    }


def _contract(router: Router, judged: Sequence[Judged]) -> dict[str, Any]:
    figures = metrics(judged)
    return {"precision_promised": router.precision, **figures["auto"], "candidates": figures["candidates"]}


def _row(record: Record, old: Judged, new: Judged) -> dict[str, Any]:
    return {
        "place": record.place if record.file else None,
        "id": record.message.id,
        "text": mask(record.text),
        "tag": new.labels.get("tag"),
        "also": list(new.also),
        "urgency": new.labels.get("urgency"),
        "before": _said(old.answer),
        "after": _said(new.answer),
    }


def _said(answer: Mapping[str, Any]) -> dict[str, Any]:
    tag = answer["tag"]
    return {
        "tag": tag["id"] if tag else None,
        "probability": tag["probability"] if tag else None,
        "decision": answer["would_be"],
        "urgency": answer["urgency"]["id"],
    }

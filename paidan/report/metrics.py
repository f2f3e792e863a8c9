"""What served answers are worth against labels. Measures answers, never a model's insides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paidan.report.calibration_error import calibration
from paidan.report.labels import confused_pairs, macro_f1, per_label
from paidan.report.proportion import proportion


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer beside what readers say.

    Attributes:
        labels: by head; a head that is missing was not labelled; `tag: None` is out of scope.
        known: whether the model's taxonomy has the labelled tag.
        slices: names under which the figures are given again (`style: phone`, `script: traditional`…).
    """

    labels: Mapping[str, str | None]
    also: tuple[str, ...]
    answer: Mapping[str, Any]
    known: bool = True
    slices: tuple[str, ...] = ()

    @property
    def said(self) -> str | None:
        tag = self.answer["tag"]
        return tag["id"] if tag else None

    @property
    def in_scope(self) -> bool:
        return self.labels.get("tag") is not None

    @property
    def accepted(self) -> bool:
        return self.said is not None and self.said in (self.labels.get("tag"), *self.also)


def metrics(judged: Sequence[Judged]) -> dict[str, Any]:
    """All figures of the contract, and again for each slice of at least 20 records."""
    figures = _figures(judged)
    slices: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        for name in one.slices:
            slices[name].append(one)
    figures["slices"] = {name: _figures(some, brief=True) for name, some in sorted(slices.items()) if len(some) >= 20}
    return figures


def _figures(judged: Sequence[Judged], brief: bool = False) -> dict[str, Any]:
    return {
        "n": len(judged),
        "tag": _tag([one for one in judged if one.in_scope], brief),
        "urgency": _urgency([one for one in judged if one.labels.get("urgency")]),
        "kind": _kind([one for one in judged if one.labels.get("kind")]),
        "auto": _auto([one for one in judged if "tag" in one.labels]),
        "decisions": _decisions([one for one in judged if "tag" in one.labels]),
        "candidates": _candidates([one for one in judged if one.in_scope]),
        "out_of_scope": _out_of_scope([one for one in judged if "tag" in one.labels and not one.in_scope]),
    }


def _tag(judged: Sequence[Judged], brief: bool) -> dict[str, Any]:
    truth = [str(one.labels["tag"]) for one in judged]
    said = [one.said for one in judged]
    right = [t == s for t, s in zip(truth, said, strict=True)]
    best = [any(c["id"] == t for c in one.answer["candidates"][:3]) for t, one in zip(truth, judged, strict=True)]
    figures = {
        "accuracy": proportion(sum(right), len(right)),
        "accuracy_also": proportion(sum(one.accepted for one in judged), len(right)),
        "top3": proportion(sum(best), len(best)),
        "macro_f1": macro_f1(truth, said),
    }
    if brief:
        return figures
    scored = [one for one in judged if one.answer["tag"]]
    confidence = np.array([one.answer["tag"]["probability"] for one in scored], float)
    hits = np.array([one.said == one.labels["tag"] for one in scored], bool)
    unknown: dict[str, int] = defaultdict(int)
    for one in judged:
        if not one.known:
            unknown[str(one.labels["tag"])] += 1
    return {
        **figures,
        **calibration(confidence, hits),
        "per_tag": per_label(truth, said),
        "confused": confused_pairs(truth, said)[:30],
        "unknown_labels": dict(unknown),
    }


def _urgency(judged: Sequence[Judged]) -> dict[str, Any]:
    truth = [str(one.labels["urgency"]) for one in judged]
    said = [one.answer["urgency"]["id"] for one in judged]
    pairs = list(zip(truth, said, strict=True))
    high = sum(t == "high" for t in truth)
    hit = sum(t == s == "high" for t, s in pairs)
    return {
        "accuracy": proportion(sum(t == s for t, s in pairs), len(pairs)),
        "macro_f1": macro_f1(truth, said),
        "high_recall": proportion(hit, high),
        "high_precision": proportion(hit, sum(s == "high" for s in said)),
        "false_high_rate": proportion(sum(s == "high" != t for t, s in pairs), len(pairs) - high),
        "per_tier": per_label(truth, said),
    }


def _kind(judged: Sequence[Judged]) -> dict[str, Any]:
    truth = [str(one.labels["kind"]) for one in judged]
    said = [one.answer["kind"]["id"] if one.answer["kind"] else None for one in judged]
    return {
        "accuracy": proportion(sum(t == s for t, s in zip(truth, said, strict=True)), len(truth)),
        "macro_f1": macro_f1(truth, said),
    }


def _auto(judged: Sequence[Judged]) -> dict[str, Any]:
    """Judges `would_be`. Out of scope and `auto` is wrong, unless the tag stands in the record's `also`."""
    auto = [one for one in judged if one.answer["would_be"] == "auto"]
    inside = [one for one in judged if one.in_scope]
    return {
        "coverage": proportion(sum(one.answer["would_be"] == "auto" for one in inside), len(inside)),
        "precision": proportion(sum(one.accepted for one in auto), len(auto)),
    }


def _decisions(judged: Sequence[Judged]) -> dict[str, Any]:
    """Each decision that would be taken: how often, for which reasons, and how often its tag is right."""
    table: dict[str, Any] = {}
    for decision in ("auto", "suggest", "human"):
        mine = [one for one in judged if one.answer["would_be"] == decision]
        inside = [one for one in mine if one.in_scope]
        table[decision] = {
            "share": proportion(len(mine), len(judged)),
            "accepted": proportion(sum(one.accepted for one in inside), len(inside)),
            "out_of_scope": len(mine) - len(inside),
            "reasons": dict(Counter(one.answer["reason"] for one in mine if "reason" in one.answer).most_common()),
        }
    return table


def _candidates(judged: Sequence[Judged]) -> dict[str, Any]:
    suggested = [one for one in judged if one.answer["would_be"] == "suggest"]
    groups: dict[str, list[bool]] = {"1": [], "2-3": [], ">3": []}
    tags: dict[str, list[bool]] = defaultdict(list)
    for one in suggested:
        tags[str(one.labels["tag"])].append(_covered(one))
        size = one.answer["set_size"]
        groups["1" if size == 1 else "2-3" if size <= 3 else ">3"].append(_covered(one))
    sizes = [one.answer["set_size"] for one in suggested]
    return {
        "coverage": proportion(sum(_covered(one) for one in suggested), len(suggested)),
        "mean_size": round(sum(sizes) / len(sizes), 4) if sizes else None,
        "per_tag": {tag: proportion(sum(hits), len(hits)) for tag, hits in sorted(tags.items())},
        "by_size": {name: proportion(sum(hits), len(hits)) for name, hits in groups.items()},
    }


def _covered(one: Judged) -> bool:
    offered = {candidate["id"] for candidate in one.answer["candidates"][: one.answer["set_size"]]}
    return bool(offered & {one.labels["tag"], *one.also})


def _out_of_scope(judged: Sequence[Judged]) -> dict[str, Any]:
    auto = [one for one in judged if one.answer["would_be"] == "auto"]
    wrong = [one for one in auto if not one.accepted]
    return {
        "auto_rate": proportion(len(auto), len(judged)),
        "auto_wrong_rate": proportion(len(wrong), len(judged)),
        "handed_over": proportion(sum(one.answer["decision"] == "human" for one in judged), len(judged)),
        "n": len(judged),
    }

"""Where answers go wrong, with places and masked words: confused pairs, urgent messages missed, words unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from paidan.masking import mask
from paidan.reading import read
from paidan.report.metrics import Judged
from paidan.report.proportion import proportion
from paidan.router import Router
from train.records import Record

PAIRS, EXAMPLES, SHOWN = 30, 3, 60
STRANGE = 0.5


def confused(judged: Sequence[Judged], records: Sequence[Record]) -> list[dict[str, Any]]:
    """Pairs of a tag and what it was taken for, most frequent first, each with a few examples."""
    pairs: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for one, record in zip(judged, records, strict=True):
        if one.in_scope and not one.accepted:
            pairs[str(one.labels["tag"]), str(one.said)].append(record)
    ranked = sorted(pairs.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:PAIRS]
    return [
        {"truth": truth, "said": said, "n": len(some), "examples": [_example(record) for record in some[:EXAMPLES]]}
        for (truth, said), some in ranked
    ]


def missed_high(judged: Sequence[Judged], records: Sequence[Record]) -> list[dict[str, Any]]:
    """Every message that readers call urgent and the answer does not, the least urgent answers first."""
    missed = [
        {**_example(record), "said": one.answer["urgency"]["id"], "probability": _high(one)}
        for one, record in zip(judged, records, strict=True)
        if one.labels.get("urgency") == "high" and one.answer["urgency"]["id"] != "high"
    ]
    return sorted(missed, key=lambda one: one["probability"] if one["probability"] is not None else 0.0)


def unknown_words(router: Router, records: Sequence[Record]) -> dict[str, Any]:
    """How much of the messages' words the model never saw. 0: it knows all; 1: none."""
    bundle = router.bundle
    shares = [bundle.features.vector(read(record.message, bundle.normaliser).text).unknown for record in records]
    mean = round(sum(shares) / len(shares), 4) if shares else None
    return {"mean": mean, "above_half": proportion(sum(share > STRANGE for share in shares), len(shares))}


def _high(one: Judged) -> float | None:
    shares = one.answer["urgency"].get("probabilities")
    return shares.get("high") if shares else None


def _example(record: Record) -> dict[str, Any]:
    text = " ".join(mask(record.text).split())
    return {"place": record.place, "text": text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"}

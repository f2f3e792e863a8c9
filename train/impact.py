"""What a change of the taxonomy would do, estimated from out-of-fold answers before anything is changed.

An estimate: the model is not trained again. Answers to tags that are merged are added up, answers of a tag that goes
fall to the next likeliest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from paidan.taxonomy import Taxonomy
from train.honest import Honest
from train.paired import paired

OVERLAP, FEWEST, SHOWN = 0.15, 5, 20


def impact(answers: Sequence[Honest], moved: Mapping[str, str], gone: Sequence[str] = ()) -> dict[str, Any]:
    """Accuracy before and after, on the messages that keep a tag.

    Args:
        moved: old id → the id that takes its place.
        gone: ids without a successor; their messages are left out and counted.
    """
    kept = [one for one in answers if one.tag is not None and one.tag not in gone]
    before = [one.said in (one.tag, *one.also) for one in kept]
    after, touched = [], set(moved) | set(moved.values()) | set(gone)
    for one in kept:
        accepted = {moved.get(tag, tag) for tag in (str(one.tag), *one.also)}
        after.append(_said(one, moved, gone) in accepted)
    near = [row for row, one in enumerate(kept) if one.tag in touched or one.said in touched]
    return {
        "answers": len(answers),
        "without_a_tag": len(answers) - len(kept),
        "accuracy": paired(before, after),
        "touched": paired([before[row] for row in near], [after[row] for row in near]),
        "confused_with": _confused(kept, touched),
    }


def _said(one: Honest, moved: Mapping[str, str], gone: Sequence[str]) -> str | None:
    shares: Counter[str] = Counter()
    for tag, share in one.shares:
        if tag not in gone:
            shares[moved.get(tag, tag)] += share  # type: ignore[assignment]
    return max(shares, key=lambda tag: shares[tag]) if shares else None


def _confused(answers: Sequence[Honest], touched: set[str]) -> list[dict[str, Any]]:
    pairs = Counter(
        (str(one.tag), one.said)
        for one in answers
        if one.said not in (one.tag, *one.also) and (one.tag in touched or one.said in touched)
    )
    return [{"truth": truth, "said": said, "n": n} for (truth, said), n in pairs.most_common(SHOWN)]


def flags(answers: Sequence[Honest], taxonomy: Taxonomy) -> dict[str, Any]:
    """Tags that overlap, that are never predicted, and that have no records.

    Two tags overlap when at least 15 % of the messages of both, and five, are taken for the other.
    """
    support = Counter(str(one.tag) for one in answers if one.tag)
    said = Counter(one.said for one in answers)
    crossed: Counter[frozenset[str]] = Counter()
    for one in answers:
        if one.tag and one.said not in (one.tag, *one.also):
            crossed[frozenset((one.tag, one.said))] += 1
    overlapping = []
    for pair, n in crossed.items():
        first, second = sorted(pair)
        share = n / (support[first] + support[second])
        if share >= OVERLAP and n >= FEWEST:
            gain = impact(answers, {second: first})["accuracy"]["delta"]
            overlapping.append({"tags": [first, second], "confused": n, "share": round(share, 4), "if_merged": gain})
    return {
        "answers": len(answers),
        "overlapping": sorted(overlapping, key=lambda row: -row["share"]),
        "never_predicted": [tag for tag in taxonomy.ids if support[tag] and not said[tag]],
        "without_records": [tag for tag in taxonomy.ids if not support[tag]],
    }

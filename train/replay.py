"""Last week again with another version: what would have been answered otherwise, and what is worth a look first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paidan.ledger.answered import Answered
from paidan.masking import mask
from paidan.message import Message, Part
from paidan.router import Router
from train.records import Record

WEIGHTS = {"urgency_lost": 3.0, "urgency_found": 2.0, "auto": 1.0}
AGAIN = 0.25


@dataclass(frozen=True, slots=True)
class Answer:
    """A message with what was answered then. `text` is masked."""

    message: Message
    text: str
    then: Mapping[str, Any]
    place: str


def from_ledger(answers: Iterable[Answered]) -> Iterator[Answer]:
    for one in answers:
        message = Message(
            (Part("text", one.masked_text),), one.id, one.source, one.channel, one.received_at, one.fields
        )
        yield Answer(message, one.masked_text, one.answer, one.prediction_id)


def from_records(records: Iterable[Record], router: Router) -> Iterator[Answer]:
    """Records of a file: what is said of them now stands for what was answered."""
    for record in records:
        yield Answer(record.message, mask(record.text), router.answer([record.message])[0], record.place)


def replay(answers: Iterable[Answer], router: Router) -> dict[str, Any]:
    """Answer everything again and report what would have changed, the disagreements that teach most first."""
    counts: Counter[str] = Counter()
    tags: Counter[tuple[str | None, str | None]] = Counter()
    tiers: Counter[tuple[str, str]] = Counter()
    decisions: Counter[tuple[str, str]] = Counter()
    queues: Counter[tuple[str, str]] = Counter()
    models: Counter[str] = Counter()
    rows = []
    for one in answers:
        now = router.answer([one.message])[0]
        then = one.then
        counts["answers"] += 1
        models[str(then.get("model"))] += 1
        moved = []
        for name, found, pair in (
            ("tag", tags, (_id(then["tag"]), _id(now["tag"]))),
            ("urgency", tiers, (then["urgency"]["id"], now["urgency"]["id"])),
            ("decision", decisions, (then["would_be"], now["would_be"])),
            ("queue", queues, (_proposed(then), _proposed(now))),
        ):
            if pair[0] != pair[1]:
                moved.append(name)
                counts[name] += 1
                found[pair] += 1  # type: ignore[index]
        counts["changed"] += bool(moved)
        if "tag" in moved or "urgency" in moved:
            rows.append(_row(one, now, moved))
    return {
        "model": router.bundle.name,
        "answered_by": dict(models.most_common()),
        "answers": counts["answers"],
        "changed": counts["changed"],
        "changed_by": {name: counts[name] for name in ("tag", "urgency", "decision", "queue")},
        "tags": _pairs(tags),
        "urgency": _pairs(tiers),
        "decisions": _pairs(decisions),
        "queues": _pairs(queues),
        "disagreements": by_worth(rows),
    }


def worth(then: Mapping[str, Any], now: Mapping[str, Any]) -> float:
    """What a reader's verdict on a disagreement would teach.

    Two versions that are both sure of different things teach most; urgency that comes or goes weighs more than any
    tag. 0: nothing to learn.
    """
    value = 0.0
    if _id(then["tag"]) != _id(now["tag"]):
        value += (_sure(then) + _sure(now)) / 2
        value += WEIGHTS["auto"] * ("auto" in (then["would_be"], now["would_be"]))
    was, is_ = then["urgency"]["id"] == "high", now["urgency"]["id"] == "high"
    if was != is_:
        value += WEIGHTS["urgency_lost"] if was else WEIGHTS["urgency_found"]
    elif then["urgency"]["id"] != now["urgency"]["id"]:
        value += 0.1
    return round(value, 6)


def by_worth(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The most instructive first; the tenth row of the same kind teaches less than the first of another."""
    seen: Counter[tuple[Any, ...]] = Counter()
    weighed = []
    for row in sorted(rows, key=lambda row: (-row["worth"], row["place"])):
        kind = tuple(row[when][part] for when in ("then", "now") for part in ("tag", "urgency"))
        weighed.append((row["worth"] / (1 + AGAIN * seen[kind]), row))
        seen[kind] += 1
    return [row for _, row in sorted(weighed, key=lambda pair: -pair[0])]


def _row(one: Answer, now: Mapping[str, Any], moved: list[str]) -> dict[str, Any]:
    return {
        "worth": worth(one.then, now),
        "place": one.place,
        "source": one.message.source,
        "id": one.message.id,
        "text": one.text,
        "moved": moved,
        "then": _said(one.then),
        "now": _said(now),
    }


def _said(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tag": _id(answer["tag"]),
        "probability": _sure(answer) if answer["tag"] else None,
        "urgency": answer["urgency"]["id"],
        "decision": answer["would_be"],
        "queue": _proposed(answer),
    }


def _pairs(found: Mapping[tuple[Any, Any], int]) -> list[dict[str, Any]]:
    ranked = sorted(found.items(), key=lambda item: (-item[1], str(item[0])))
    return [{"then": then, "now": now, "n": n} for (then, now), n in ranked]


def _id(tag: Mapping[str, Any] | None) -> str | None:
    return tag["id"] if tag else None


def _sure(answer: Mapping[str, Any]) -> float:
    return float(answer["tag"]["probability"]) if answer["tag"] else 0.0


def _proposed(answer: Mapping[str, Any]) -> str:
    return str(answer["route"]["proposed"]["id"])

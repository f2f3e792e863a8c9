"""The one door to an answer, used alike by the API, the command line, Spark, MLflow and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from paidan.bundle import Bundle
from paidan.cues import Firing
from paidan.decide import AUTO, HUMAN, SUGGEST, TIERS, Decision, decide, tier
from paidan.evidence import explain
from paidan.features import Vector
from paidan.heads import Floats, Head
from paidan.language import foreign_language, has_content
from paidan.message import Message
from paidan.reading import Reading, masked_text, read
from paidan.routing import RoutingTable
from paidan.taxonomy import Tag

Answer = dict[str, Any]
TRIAL, PROVEN, BROKEN = "trial", "proven", "broken"
IN_SCOPE = "in_scope"
TIER_NAMES = {"high": "高", "medium": "中", "low": "低"}
KIND_NAMES = {"complaint": "投诉", "inquiry": "咨询", "suggestion": "建议"}
BEST = 3
ALSO_MOST = 2


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Router:
    """Answers messages with one bundle, one routing table and one state of the contract.

    Args:
        precision: promised of `auto` answers, 0 to 1.
        coverage: how often the candidate set holds the right tag, 0 to 1.
        contract: `trial` and `broken` route nothing unattended.
        clock: the time of a message that brings none.
    """

    bundle: Bundle
    routing: RoutingTable
    precision: float = 0.95
    coverage: float = 0.95
    contract: str = TRIAL
    clock: Callable[[], datetime] = field(default=_now, repr=False)

    def answer(self, messages: Iterable[Message], *, detail: bool = False) -> list[Answer]:
        """One answer a message, in order, in the shape that the contract promises."""
        return [self._answer(message, detail) for message in messages]

    def moment(self, when: datetime) -> str:
        """A time as answers write it: ISO 8601 with the offset of the workspace's zone."""
        return when.astimezone(self.routing.timezone).isoformat(timespec="seconds")

    def _answer(self, message: Message, detail: bool) -> Answer:
        bundle = self.bundle
        reading = read(message, bundle.normaliser)
        vector = bundle.features.vector(reading.text)
        scores = bundle.scorer.scores(vector)
        probabilities = {head.name: head.probabilities(scores, vector) for head in bundle.heads}
        tags = bundle.head("tag")
        scope, in_scope = self._scope(probabilities)
        unreadable = self._unreadable(reading, vector)
        best: Tag | None = None
        candidates: list[dict[str, Any]] = []
        if unreadable or tags is None:
            decision = Decision(HUMAN, unreadable or "no_content", (), 0)
            scope = unreadable if unreadable == "other_language" else scope
        else:
            decision = decide(
                probabilities["tag"],
                tags.labels,
                bundle.table.policy(self.precision),
                bundle.table.limits,
                bundle.table.mass(self.coverage),
                in_scope=in_scope,
                scope=scope,
                unknown=vector.unknown,
            )
            size = decision.set_size if decision.would_be != HUMAN else 0
            candidates = self._candidates(tags, probabilities["tag"], decision.ranked[: max(BEST, size)])
            best = bundle.taxonomy.find(tags.labels[decision.ranked[0]])
        return self._compose(message, reading, vector, probabilities, decision, best, candidates, scope, detail)

    def _scope(self, probabilities: Mapping[str, Floats]) -> tuple[str | None, float]:
        head = self.bundle.head("scope")
        if head is None or IN_SCOPE not in head.labels:
            return None, 1.0
        shares = probabilities["scope"]
        inside = head.labels.index(IN_SCOPE)
        outside = [index for index in range(len(head.labels)) if index != inside]
        likeliest = max(outside, key=lambda index: float(shares[index]))
        return head.labels[likeliest], float(shares[inside])

    @staticmethod
    def _unreadable(reading: Reading, vector: Vector) -> str | None:
        """Why nothing can be scored; None when something can."""
        if not has_content(reading.text):
            return "no_content"
        if vector.unknown > 0.5 and foreign_language(reading.text):
            return "other_language"
        return None

    def _candidates(self, head: Head, shares: Floats, ranked: tuple[int, ...]) -> list[dict[str, Any]]:
        chosen = []
        for index in ranked:
            tag = self.bundle.taxonomy.find(head.labels[index])
            label = head.labels[index]
            chosen.append({"id": label, "name": tag.name if tag else label, "probability": float(shares[index])})
        return chosen

    def _compose(
        self,
        message: Message,
        reading: Reading,
        vector: Vector,
        probabilities: Mapping[str, Floats],
        decision: Decision,
        best: Tag | None,
        candidates: list[dict[str, Any]],
        scope: str | None,
        detail: bool,
    ) -> Answer:
        bundle = self.bundle
        limits = bundle.table.limits
        would_be, reason = decision.would_be, decision.reason
        decided = SUGGEST if would_be == AUTO and self.contract != PROVEN else would_be
        outside = reason if would_be == HUMAN and reason == scope else None
        if decided != would_be:
            reason = TRIAL if self.contract == TRIAL else "contract_broken"
        urgency = self._urgency(reading, probabilities.get("urgency"), decision)
        kind = self._label("kind", probabilities, KIND_NAMES) if best else None
        received = self._received(message)
        route = self.routing.route(
            tag=best.id if best else None,
            category=best.category.id if best and best.category else None,
            tier=urgency["id"],
            kind=kind["id"] if kind else None,
            scope=outside,
            channel=message.channel,
            fields=message.fields,
            decision=decided,
            received_at=received,
        )
        answer: Answer = {
            "prediction_id": None,
            "source": None,
            "id": message.id,
            "revision": None,
            "replayed": False,
            "dry_run": False,
            "model": bundle.name,
            "received_at": self.moment(received),
            "answered_at": None,
            "decision": decided,
            "would_be": would_be,
            "reason": reason,
            "tag": _tag(best, candidates[0]["probability"]) if best else None,
            "candidates": candidates,
            "set_size": decision.set_size if would_be != HUMAN else 0,
            "also": [item for item in candidates[1:] if item["probability"] >= limits.also][:ALSO_MOST],
            "urgency": urgency,
            "kind": kind,
            "heads": {
                head.name: self._label(head.name, probabilities, {})
                for head in bundle.heads
                if head.name not in ("tag", "urgency", "kind", "scope")
            },
            "route": route.to_dict(),
        }
        if detail:
            answer.update(self._detail(reading, vector, best))
            answer["masked_text"] = masked_text(message, bundle.normaliser)
        return answer

    def _received(self, message: Message) -> datetime:
        """When it came in; a time without offset is read in the workspace's zone."""
        received = message.received_at or self.clock()
        return received.replace(tzinfo=self.routing.timezone) if received.tzinfo is None else received

    def _urgency(self, reading: Reading, shares: Floats | None, decision: Decision) -> Answer:
        head = self.bundle.head("urgency")
        if head is None or shares is None:
            level, named = "medium", None
        elif decision.reason == "no_content":
            level, named = "low", None
        else:
            level = tier(shares, head.labels, self.bundle.table.limits)
            named = {name: float(shares[head.labels.index(name)]) for name in TIERS if name in head.labels}
        fired = [(part, firing) for part in reading.parts for firing in self.routing.cues.fire(part.words)]
        raised_by = None
        for _, firing in fired:
            if TIERS.index(firing.tier) < TIERS.index(level):
                level, raised_by = firing.tier, firing.id
        cues = [
            _cue(part.part.name, part.span(firing.start, firing.end), firing, part.masked) for part, firing in fired
        ]
        return {"id": level, "name": TIER_NAMES[level], "probabilities": named, "raised_by": raised_by, "cues": cues}

    def _label(self, name: str, probabilities: Mapping[str, Floats], names: Mapping[str, str]) -> dict[str, Any] | None:
        head = self.bundle.head(name)
        if head is None:
            return None
        index = int(np.argmax(probabilities[name]))
        label = head.labels[index]
        return {"id": label, "name": names.get(label, label), "probability": float(probabilities[name][index])}

    def _detail(self, reading: Reading, vector: Vector, best: Tag | None) -> Answer:
        tags = self.bundle.head("tag")
        if best is None or tags is None:
            return {"evidence": [], "rest": 0.0, "intercept": 0.0, "score": 0.0}
        column = tags.start + tags.labels.index(best.id)
        return explain(reading, vector, self.bundle.features, self.bundle.scorer, column)


def _tag(tag: Tag, probability: float) -> Answer:
    category = {"id": tag.category.id, "name": tag.category.name} if tag.category else None
    return {"id": tag.id, "name": tag.name, "code": tag.code, "category": category, "probability": probability}


def _cue(part: str, span: tuple[int, int], firing: Firing, masked: str) -> Answer:
    start, end = span
    return {"id": firing.id, "part": part, "start": start, "end": end, "text": masked[start:end]}

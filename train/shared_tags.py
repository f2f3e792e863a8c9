"""Two taxonomies: what they share, and answers of one in the words of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from paidan.report.metrics import Judged
from paidan.taxonomy import Taxonomy

HALF = 0.5


@dataclass(frozen=True)
class SharedTags:
    """What the taxonomy of an older version and that of a newer one have in common.

    Ids that were renamed or merged by a migration are the same tag: the newer taxonomy knows them by its aliases.

    Attributes:
        both: ids of the newer one that the older one can answer too; `lost` and `added` are known to one only.
    """

    newer: Taxonomy
    both: frozenset[str]
    lost: tuple[str, ...]
    added: tuple[str, ...]

    @classmethod
    def between(cls, older: Taxonomy, newer: Taxonomy) -> SharedTags:
        """
        >>> SharedTags.between(Taxonomy.infer(["退款", "物流"]), Taxonomy.infer(["退款", "发票"])).lost
        ('物流',)
        """
        there = set(newer.ids)
        named = {tag: _canonical(tag, newer) for tag in older.ids}
        both = frozenset(now for now in named.values() if now in there)
        lost = tuple(tag for tag, now in named.items() if now not in there)
        return cls(newer, both, lost, tuple(tag for tag in newer.ids if tag not in both))

    @property
    def replaced(self) -> bool:
        """Whether this is another taxonomy rather than the same one with changes: less than half is shared."""
        union = len(self.both) + len(self.lost) + len(self.added)
        return len(self.both) < HALF * union

    def to_dict(self) -> dict[str, Any]:
        return {
            "shared": len(self.both),
            "lost": list(self.lost),
            "added": list(self.added),
            "replaced": self.replaced,
        }

    def translated(self, judged: Sequence[Judged]) -> list[Judged]:
        """Answers and labels in the newer taxonomy's ids; `known` says whether both can answer the label."""
        return [self._translated(one) for one in judged]

    def _translated(self, one: Judged) -> Judged:
        label = one.labels.get("tag")
        labels: Mapping[str, str | None] = one.labels
        if label is not None:
            labels = {**one.labels, "tag": self.canonical(label)}
        answer = {
            **one.answer,
            "tag": self._named(one.answer["tag"]),
            "candidates": [self._named(candidate) for candidate in one.answer["candidates"]],
        }
        also = tuple(self.canonical(other) for other in one.also)
        return replace(one, labels=labels, also=also, answer=answer, known=label is None or labels["tag"] in self.both)

    def canonical(self, label: str) -> str:
        """The newer taxonomy's id of a label; the label itself when it has none."""
        return _canonical(label, self.newer)

    def _named(self, tag: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return None if tag is None else {**tag, "id": self.canonical(tag["id"])}


def _canonical(label: str, taxonomy: Taxonomy) -> str:
    tag = taxonomy.find(label)
    return tag.id if tag else label

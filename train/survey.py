"""Records laid out once for every probe: comparable texts, positions by tag, near copies, openings and runs."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from paidan.taxonomy import Taxonomy
from train.duplicates import Pair, comparable, near_duplicates, repeated_openings, repeated_runs
from train.findings import Place
from train.records import Record

# A tag with fewer messages than this has no telling share of openings.
MIN_FOR_OPENINGS = 100


class Survey:
    """What is counted of a set of records. Costly parts are worked out at their first use.

    Args:
        records: the set.
        taxonomy: the tags there should be; None takes those there are.
    """

    def __init__(self, records: Sequence[Record], taxonomy: Taxonomy | None) -> None:
        self.records = records
        self.texts = [comparable(record.text) for record in records]
        self._by_tag: dict[str, list[int]] = defaultdict(list)
        self.without_tag: list[int] = []
        for position, record in enumerate(records):
            if "tag" in record.labels:
                tag = record.labels["tag"]
                (self.without_tag if tag is None else self._by_tag[tag]).append(position)
        self.tags = taxonomy.ids if taxonomy else tuple(sorted(self._by_tag))

    @property
    def tagged(self) -> bool:
        """Whether any record carries a tag; a file of tiers alone has nothing to say of tags."""
        return bool(self._by_tag)

    def of(self, tag: str) -> Sequence[int]:
        """Positions of the tag's records."""
        return self._by_tag.get(tag, ())

    def texts_of(self, tag: str) -> list[str]:
        return [self.texts[position] for position in self.of(tag)]

    def places(self, positions: Sequence[int]) -> tuple[Place, ...]:
        return tuple((self.records[position].file, self.records[position].row) for position in positions)

    def groups(self, tag: str) -> Counter[str]:
        """Messages of the tag by group; a record without one is its own."""
        return Counter(self.records[position].group or f"{self.records[position].place}" for position in self.of(tag))

    def largest_group(self, tag: str) -> tuple[str, float]:
        """The tag's largest group and the share of the tag's messages in it; 1: all of them."""
        return _largest(self.groups(tag), len(self.of(tag)))

    def largest_opening(self, tag: str) -> tuple[str, float]:
        total = len(self.of(tag))
        return _largest(self.openings.get(tag, Counter()), total) if total >= MIN_FOR_OPENINGS else ("", 0.0)

    @property
    def largest_run(self) -> tuple[str, float]:
        return (self.runs[0][0], self.runs[0][1] / len(self.records)) if self.runs else ("", 0.0)

    @functools.cached_property
    def openings(self) -> Mapping[str, Counter[str]]:
        positions = [(position, tag) for tag, found in self._by_tag.items() for position in found]
        return repeated_openings([self.texts[position] for position, _ in positions], [tag for _, tag in positions])

    @functools.cached_property
    def runs(self) -> list[tuple[str, int]]:
        return repeated_runs(self.texts)

    @functools.cached_property
    def near(self) -> list[Pair]:
        return near_duplicates(self.texts)

    @property
    def near_share(self) -> float:
        """Share of messages that have a near copy: 0 none, 1 all."""
        involved = {position for pair in self.near for position in (pair.first, pair.second)}
        return len(involved) / len(self.records) if self.records else 0.0

    def counts(self) -> dict[str, dict[str, int]]:
        """Records by tag, style, tier, kind, channel, scope and group, and by whether they carry a tag at all."""
        tags = {tag: len(self.of(tag)) for tag in (*self.tags, *sorted(set(self._by_tag) - set(self.tags)))}
        carried = {"tag": sum(tags.values()), "out_of_scope": len(self.without_tag)}
        carried["unlabelled"] = len(self.records) - sum(carried.values())
        heads = {"tier": "urgency", "kind": "kind", "scope": "scope"}
        described: dict[str, Counter[str]] = {
            "style": Counter(record.style for record in self.records if record.style),
            **{
                name: Counter(label for record in self.records if (label := record.labels.get(head)))
                for name, head in heads.items()
            },
            "channel": Counter(channel for record in self.records if (channel := record.message.channel)),
            "group": Counter(record.group for record in self.records if record.group),
        }
        return {
            "labelled": carried,
            "tag": tags,
            **{name: dict(found.most_common()) for name, found in described.items()},
        }


def _largest(counts: Counter[str], total: int) -> tuple[str, float]:
    if not counts or not total:
        return "", 0.0
    name, count = counts.most_common(1)[0]
    return name, count / total

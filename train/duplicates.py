"""Texts that repeat: near copies, one text under two labels, openings and runs that come again and again.

A template teaches a model its template. Near copies on both sides of a split make every figure look better than it is.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from paidan.normalise import normalise

GRAM = 5
THRESHOLD = 0.5
OPENING = 4
RUN = 8
# 64 bands of two: a pair just above 0.5 is missed once in 10⁸, and few pairs below 0.1 become candidates.
_BANDS, _ROWS = 64, 2
# In files made of templates everything resembles everything; these bounds keep that from becoming quadratic.
_BUCKET = 50
_ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """Two positions, `first` < `second` within one file set, and their Jaccard similarity: 1 is the same text."""

    first: int
    second: int
    similarity: float


def comparable(text: str) -> str:
    """The form in which texts are compared.

    >>> comparable("ＡＰＰ　閃退")
    'app 闪退'
    """
    return normalise(text).text.casefold()


def grams(text: str) -> frozenset[str]:
    """The character 5-grams of a comparable text; one shorter than that is compared whole.

    >>> sorted(grams("空调不制冷了"))
    ['空调不制冷', '调不制冷了']
    """
    return frozenset(text[i : i + GRAM] for i in range(max(1, len(text) - GRAM + 1)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared 5-grams over all 5-grams: 0 nothing in common, 1 the same."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


class NearIndex:
    """Texts to be searched for near copies: MinHash bands find candidates, exact Jaccard confirms them.

    Args:
        texts: comparable texts; the same text twice is kept once, at its first position.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
        self.exact: dict[str, int] = {}
        self.grams: dict[int, frozenset[str]] = {}
        for position, (text, bands) in enumerate(_banded(texts)):
            self.add(position, text, bands)

    def add(self, position: int, text: str, bands: Sequence[bytes]) -> None:
        if text in self.exact:
            return
        self.exact[text] = position
        self.grams[position] = grams(text)
        for band in enumerate(bands):
            self.buckets[band].append(position)

    def matches(self, text: str, bands: Sequence[bytes]) -> list[tuple[int, float]]:
        """Positions of the texts that are near, with their similarity; the same text alone when it is there."""
        if text in self.exact:
            return [(self.exact[text], 1.0)]
        own = grams(text)
        seen: set[int] = set()
        found: list[tuple[int, float]] = []
        for band in enumerate(bands):
            for position in self.buckets.get(band, ())[-_BUCKET:]:
                if position in seen:
                    continue
                seen.add(position)
                similarity = jaccard(own, self.grams[position])
                if similarity > THRESHOLD:
                    found.append((position, similarity))
                    if len(found) == _ENOUGH:
                        return found
        return found


def near_duplicates(texts: Sequence[str]) -> list[Pair]:
    """Pairs of near copies, each text against those before it.

    A copy of a text is paired with its first occurrence only, and a text with at most twenty others: enough to find
    who has a near copy, not a list of all pairs where a template made hundreds.

    Args:
        texts: comparable texts.

    >>> near_duplicates(["退款三天了还没有到账", "发票开错了", "退款三天了还没有到账！"])
    [Pair(first=0, second=2, similarity=0.8571428571428571)]
    """
    index = NearIndex()
    pairs: list[Pair] = []
    for position, (text, bands) in enumerate(_banded(texts)):
        pairs.extend(Pair(first, position, similarity) for first, similarity in index.matches(text, bands))
        index.add(position, text, bands)
    return pairs


def overlap(texts: Sequence[str], against: Sequence[str]) -> list[Pair]:
    """For each text that has a near copy in `against`, the nearest: `first` counts in `texts`, `second` in `against`."""
    index = NearIndex(against)
    pairs: list[Pair] = []
    for position, (text, bands) in enumerate(_banded(texts)):
        near = index.matches(text, bands)
        if near:
            second, similarity = max(near, key=lambda match: match[1])
            pairs.append(Pair(position, second, similarity))
    return pairs


def conflicting(texts: Sequence[str], labels: Sequence[Hashable]) -> list[list[int]]:
    """Positions of each text that stands under two labels."""
    places: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(texts):
        places[text].append(position)
    return [found for found in places.values() if len({labels[position] for position in found}) > 1]


def repeated_openings(texts: Sequence[str], tags: Sequence[str]) -> Mapping[str, Counter[str]]:
    """How often each first four characters occur, by tag. Texts shorter than that have no opening."""
    openings: dict[str, Counter[str]] = defaultdict(Counter)
    for text, tag in zip(texts, tags, strict=True):
        if len(text) >= OPENING:
            openings[tag][text[:OPENING]] += 1
    return openings


def repeated_runs(texts: Iterable[str], least: int = 2) -> list[tuple[str, int]]:
    """Runs of eight characters and how many texts hold them, most first; one that overlaps a listed one is left out.

    >>> repeated_runs(["请尽快给我处理退款好吗", "发票请尽快给我处理退款"])
    [('请尽快给我处理退', 2)]
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(list(dict.fromkeys(text[i : i + RUN] for i in range(len(text) - RUN + 1))))
    listed: list[tuple[str, int]] = []
    heads: set[str] = set()
    tails: set[str] = set()
    for run, count in sorted(counts.items(), key=lambda item: -item[1]):
        if count < least:
            break
        # A longer phrase makes a chain of runs, each shifted a little; one stands for all.
        starts = [run[:-shift] for shift in range(1, RUN // 2 + 1)]
        ends = [run[shift:] for shift in range(1, RUN // 2 + 1)]
        if tails.isdisjoint(starts) and heads.isdisjoint(ends):
            listed.append((run, count))
        heads.update(starts)
        tails.update(ends)
    return listed


def _banded(texts: Iterable[str]) -> Iterable[tuple[str, list[bytes]]]:
    from datasketch import MinHash

    kept: list[str] = []

    def remembered() -> Iterable[list[bytes]]:
        for text in texts:
            kept.append(text)
            yield [gram.encode("utf-8", "surrogatepass") for gram in grams(text)]

    for minhash in MinHash.generator(remembered(), num_perm=_BANDS * _ROWS, hashfunc=zlib.crc32):
        values = minhash.hashvalues.reshape(_BANDS, _ROWS)
        yield kept.pop(), [row.tobytes() for row in values]

"""Features: jieba words and single characters, as n-grams, weighted by sublinear TF-IDF.

Words carry meaning, characters carry what the dictionary does not know (new products, typos, slang). Each view
is an L2-normalised block of its own, so that neither drowns the other; both feed one linear model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from paidan.segment import MASK, Segmenter, runs

_STARS = re.compile(r"\*{4,}")
_SPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"[0-9]")
BORDER = "^"
VIEWS = ("words", "chars")
STEP = 4096


def words(text: str, segmenter: Segmenter) -> list[str]:
    """The word view of a normalised, starred text, with a border at either end.

    >>> words("空调不制冷，第2次", Segmenter())
    ['^', '空调', '不', '制冷', '，', '第', '0', '次', '^']
    """
    tokens = [BORDER]
    for run in runs(text):
        if run.kind == "han":
            tokens.extend(segmenter.cut(run.text))
        elif run.kind == "letters":
            tokens.append(run.text.lower())
        elif run.kind == "number":
            tokens.append(_DIGITS.sub("0", run.text))
        else:
            tokens.append(MASK if run.kind == "mask" else run.text)
    tokens.append(BORDER)
    return tokens


def chars(text: str) -> str:
    """The character view: no spaces, every digit `0`, every masked span one ＊, a border at either end.

    >>> chars("退 款 3天")
    '^退款0天^'
    """
    return BORDER + _DIGITS.sub("0", _SPACE.sub("", _STARS.sub(MASK, text.lower()))) + BORDER


def word_grams(tokens: Sequence[str], shortest: int, longest: int) -> Iterable[str]:
    """N-grams of words, joined by a space. Borders never stand alone."""
    for n in range(shortest, longest + 1):
        if n == 1:
            yield from tokens[1:-1]
        else:
            for at in range(len(tokens) - n + 1):
                yield " ".join(tokens[at : at + n])


def char_grams(text: str, shortest: int, longest: int) -> Iterable[str]:
    """N-grams of characters. Borders never stand alone."""
    for n in range(shortest, longest + 1):
        start, stop = (1, len(text) - 1) if n == 1 else (0, len(text) - n + 1)
        for at in range(start, stop):
            yield text[at : at + n]


@dataclass(frozen=True)
class Block:
    """One view's n-grams: the terms it knows, in the order of their columns, and how rare each is.

    Attributes:
        view: `words` or `chars`.
        terms: the known n-grams; the first column of the block is `offset`.
        idf: inverse document frequency by term, shape (len(terms),).
        scale: what the block's L2 norm is brought to.
    """

    view: str
    shortest: int
    longest: int
    terms: Sequence[str]
    idf: NDArray[np.float64]
    scale: float = 1.0
    offset: int = 0
    columns: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        columns: dict[str, int] = {}
        # In steps, between which other threads get their turn: a server loads the next model while it answers.
        for start in range(0, len(self.terms), STEP):
            columns.update(zip(self.terms[start : start + STEP], range(start, start + STEP), strict=False))
        object.__setattr__(self, "columns", columns)

    def grams(self, tokens: Sequence[str], text: str) -> Iterable[str]:
        if self.view == "words":
            return word_grams(tokens, self.shortest, self.longest)
        return char_grams(text, self.shortest, self.longest)

    def weigh(self, tokens: Sequence[str], text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Columns (ascending) and TF-IDF values of the terms that occur; empty when none is known."""
        get = self.columns.get
        counts: dict[int, int] = {}
        for gram in self.grams(tokens, text):
            column = get(gram)
            if column is not None:
                counts[column] = counts.get(column, 0) + 1
        if not counts:
            return np.empty(0, np.int64), np.empty(0)
        columns = np.fromiter(counts, np.int64, len(counts))
        order = np.argsort(columns)
        columns = columns[order]
        frequency = np.fromiter(counts.values(), np.float64, len(counts))[order]
        values = (1.0 + np.log(frequency)) * self.idf[columns]
        values *= self.scale / math.sqrt(float(np.add.reduce(values * values)))
        return columns + self.offset, values


@dataclass(frozen=True, slots=True)
class Vector:
    """A sparse row: `columns` ascending, `values` beside them; `unknown` is the share of words never seen.

    `unknown` is 0 when every word and character was in the training messages, 1 when none was.
    """

    columns: NDArray[np.int64]
    values: NDArray[np.float64]
    unknown: float
    length: int
    latin: float


@dataclass(frozen=True)
class Features:
    """Text → sparse vector. Holds what was learned of the words; knows nothing of labels."""

    blocks: Sequence[Block]
    segmenter: Segmenter

    @property
    def width(self) -> int:
        return sum(len(block.terms) for block in self.blocks)

    def vector(self, text: str) -> Vector:
        """The features of a normalised, starred text."""
        tokens, characters = words(text, self.segmenter), chars(text)
        weighed = [block.weigh(tokens, characters) for block in self.blocks]
        columns = np.concatenate([part for part, _ in weighed])
        values = np.concatenate([part for _, part in weighed])
        inner = characters[1:-1]
        letters = sum("a" <= char <= "z" for char in inner)
        return Vector(columns, values, self._unknown(tokens, inner), len(inner), letters / max(1, len(inner)))

    def _unknown(self, tokens: Sequence[str], inner: str) -> float:
        shares = []
        for block in self.blocks:
            units: Sequence[str] = tokens[1:-1] if block.view == "words" else inner
            meaningful = [unit for unit in units if unit.isalnum() and not unit.isdigit()]
            if meaningful:
                shares.append(sum(unit not in block.columns for unit in meaningful) / len(meaningful))
        return max(shares, default=1.0)

"""Which words decided: exact additive weights, and where they stand in the text as sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from paidan.features import BORDER, Block, Features, Vector, words
from paidan.heads import Scorer
from paidan.reading import Reading
from paidan.segment import runs

SHOWN = 12
_STARS_OR_SPACE = re.compile(r"\*{4,}|\s+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A word or a character of the joined text, borders included."""

    start: int
    end: int


def explain(reading: Reading, vector: Vector, features: Features, scorer: Scorer, column: int) -> dict[str, Any]:
    """The twelve weightiest terms of one label's score.

    Returns:
        `evidence` (each with `part`, `term`, `start`, `end`, `weight`), `rest` (the sum of the other terms),
        `intercept` and `score`; the weights, `rest` and `intercept` add up to `score`.
    """
    weights = scorer.weights[vector.columns, column].astype(np.float64) * vector.values
    intercept = float(scorer.intercepts[column])
    order = np.argsort(-np.abs(weights), kind="stable")[:SHOWN]
    places = _places(reading, features, {int(vector.columns[index]) for index in order})
    evidence: list[dict[str, Any]] = []
    for index in order:
        term, (start, end) = places[int(vector.columns[index])]
        part, first, last = reading.locate(start, end)
        evidence.append(
            {
                "part": part.part.name,
                "term": term,
                "start": first,
                "end": last,
                "weight": round(float(weights[index]), 6),
            }
        )
    score = round(float(np.add.reduce(weights)) + intercept, 6)
    shown = sum(item["weight"] for item in evidence)
    return {
        "evidence": evidence,
        "rest": round(score - shown - round(intercept, 6), 6),
        "intercept": round(intercept, 6),
        "score": score,
    }


def _places(reading: Reading, features: Features, wanted: set[int]) -> dict[int, tuple[str, tuple[int, int]]]:
    places: dict[int, tuple[str, tuple[int, int]]] = {}
    for block in features.blocks:
        for gram, term, start, end in _grams(block, reading.text, features):
            column = block.columns.get(gram)
            if column is not None and column + block.offset in wanted:
                places.setdefault(column + block.offset, (term, (start, end)))
    return places


def _grams(block: Block, text: str, features: Features) -> Iterator[tuple[str, str, int, int]]:
    """Each n-gram as the block knows it, the same without borders, and where it stands in the joined text."""
    if block.view == "words":
        texts, units, joint = words(text, features.segmenter), _word_units(text, features), " "
    else:
        texts, units, joint = *_char_units(text), ""
    last = len(texts) - 1
    for n in range(block.shortest, block.longest + 1):
        # Borders never stand alone.
        for at in range(1, last) if n == 1 else range(last - n + 2):
            inner = texts[max(at, 1) : min(at + n, last)]
            yield joint.join(texts[at : at + n]), joint.join(inner), units[at].start, units[at + n - 1].end


def _word_units(text: str, features: Features) -> list[Unit]:
    units = []
    for run in runs(text):
        at = run.start
        for word in features.segmenter.cut(run.text) if run.kind == "han" else [run.text]:
            units.append(Unit(at, at + len(word)))
            at += len(word)
    return _bordered(units)


def _char_units(text: str) -> tuple[list[str], list[Unit]]:
    texts: list[str] = []
    units: list[Unit] = []
    at, lowered = 0, text.lower()
    # A letter may become two when lowered (İ).
    origins = (
        range(len(text)) if len(lowered) == len(text) else [i for i, char in enumerate(text) for _ in char.lower()]
    )
    while at < len(lowered):
        match = _STARS_OR_SPACE.match(lowered, at)
        end = match.end() if match else at + 1
        if not (match and match.group().isspace()):
            char = "＊" if match else lowered[at]
            texts.append("0" if char.isascii() and char.isdigit() else char)
            units.append(Unit(origins[at], origins[end - 1] + 1))
        at = end
    return [BORDER, *texts, BORDER], _bordered(units)


def _bordered(units: list[Unit]) -> list[Unit]:
    """Units with a border of no width at either end."""
    first, last = (units[0].start, units[-1].end) if units else (0, 0)
    return [Unit(first, first), *units, Unit(last, last)]

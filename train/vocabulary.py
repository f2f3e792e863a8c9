"""Word lists: what customers say of an issue, and how much of it the examples really contain.

A linear model knows only the words of its examples, so what a list names and no example says is what it will miss.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paidan.errors import Findings
from paidan.segment import HAN, Segmenter, runs
from train.duplicates import comparable

_SECTIONS = ("[words]", "[situations]")
_HAN = re.compile(f"[{HAN}]+")


class VocabularyError(Findings):
    slug = "vocabulary"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The list of one tag: words and short phrases, and situations in which it comes up."""

    tag: str
    words: tuple[str, ...]
    situations: tuple[str, ...]

    @classmethod
    def from_text(cls, tag: str, text: str, where: str = "vocabulary") -> Vocabulary:
        """Read `[words]`, separated by white space, and `[situations]`, one a line.

        >>> Vocabulary.from_text("退款", "[words]\\n不退钱 钱没到\\n[situations]\\n退货三天 钱没到").words
        ('不退钱', '钱没到')
        """
        sections: dict[str, list[str]] = {name: [] for name in _SECTIONS}
        current: list[str] | None = None
        problems: list[str] = []
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
            line = line.strip()
            if line.startswith("[") and line.endswith("]"):
                current = sections.get(line)
                if current is None:
                    problems.append(f"line {number}: unknown section; allowed are {' and '.join(_SECTIONS)}")
                    current = []
            elif line and current is None:
                problems.append(f"line {number}: stands before the first section; begin with [words]")
                current = []
            elif line and current is not None:
                current.append(line)
        if problems:
            raise VocabularyError(where, problems)
        words = (word for line in sections["[words]"] for word in line.split())
        return cls(tag, tuple(dict.fromkeys(words)), tuple(dict.fromkeys(sections["[situations]"])))


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a list the messages contain; `apart` are the words that the segmenter cuts in pieces."""

    vocabulary: Vocabulary
    missing_words: tuple[str, ...]
    missing_situations: tuple[str, ...]
    apart: tuple[str, ...]

    @property
    def words_share(self) -> float:
        """0: none of the words occurs; 1: every one does, or there are none."""
        return _share(len(self.missing_words), len(self.vocabulary.words))

    @property
    def situations_share(self) -> float:
        return _share(len(self.missing_situations), len(self.vocabulary.situations))


def load_vocabularies(folder: Path) -> dict[str, Vocabulary]:
    """The lists of a folder, `<tag id>.txt` each, by tag; none when there is no folder.

    Raises:
        VocabularyError: with every problem of every file.
    """
    found: dict[str, Vocabulary] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.txt")):
        try:
            found[path.stem] = Vocabulary.from_text(path.stem, path.read_text(encoding="utf-8"), path.name)
        except UnicodeDecodeError:
            problems.append(f"{path.name}: is not UTF-8. Save it as UTF-8")
        except VocabularyError as error:
            problems.extend(f"{path.name} {problem}" for problem in error.problems)
    if problems:
        raise VocabularyError(folder.name, problems)
    return found


def cover(vocabulary: Vocabulary, texts: Sequence[str], segmenter: Segmenter) -> Coverage:
    """Look for the words as they are written, and for the situations by their content words.

    A situation is there when one message holds at least half of its words of two characters or more.

    Args:
        texts: comparable texts of the tag's messages.
    """
    whole = "\n".join(texts)
    words = {word: comparable(word) for word in vocabulary.words}
    return Coverage(
        vocabulary,
        tuple(word for word, form in words.items() if form not in whole),
        tuple(line for line in vocabulary.situations if not _occurs(_content(line, segmenter), texts)),
        tuple(word for word, form in words.items() if _HAN.fullmatch(form) and len(segmenter.cut(form)) > 1),
    )


def _content(situation: str, segmenter: Segmenter) -> list[str]:
    form = comparable(situation)
    pieces: list[str] = []
    for run in runs(form):
        pieces.extend(segmenter.cut(run.text) if run.kind == "han" else [run.text])
    return list(dict.fromkeys(piece for piece in pieces if len(piece) >= 2)) or [form]


def _occurs(content: Sequence[str], texts: Sequence[str]) -> bool:
    return any(2 * sum(word in text for word in content) >= len(content) for text in texts)


def _share(missing: int, total: int) -> float:
    return 1 - missing / total if total else 1.0


def coverages(
    vocabularies: Mapping[str, Vocabulary], texts_by_tag: Mapping[str, Sequence[str]], segmenter: Segmenter
) -> list[Coverage]:
    return [cover(listed, texts_by_tag.get(tag, ()), segmenter) for tag, listed in vocabularies.items()]

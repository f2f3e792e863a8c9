"""Messages → sparse matrix, by scikit-learn's own TF-IDF over the words and characters that serving reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from paidan.features import Block, Features, char_grams, chars, word_grams, words
from paidan.segment import Segmenter


class Grams(BaseEstimator):  # type: ignore[misc]
    """The analyzer of one view: a normalised, starred text → its n-grams. Can be cloned and saved.

    >>> Grams("chars", 2, 2)("退款")
    ['^退', '退款', '款^']
    """

    def __init__(self, view: str, shortest: int, longest: int, lexicon: tuple[str, ...] = ()) -> None:
        self.view = view
        self.shortest = shortest
        self.longest = longest
        self.lexicon = lexicon

    def __call__(self, text: str) -> list[str]:
        if self.view == "chars":
            return list(char_grams(chars(text), self.shortest, self.longest))
        return list(word_grams(words(text, self._segmenter()), self.shortest, self.longest))

    def _segmenter(self) -> Segmenter:
        if "segmenter_" not in self.__dict__:
            self.segmenter_ = Segmenter(self.lexicon)
        return self.segmenter_


@dataclass(frozen=True, slots=True)
class View:
    """What a block is made of, before anything was learned.

    Attributes:
        scarce: n-grams of two or more that fewer messages than this hold are left out.
    """

    view: str
    shortest: int
    longest: int
    scale: float = 1.0
    scarce: int = 1


def vectoriser(views: Sequence[View], lexicon: tuple[str, ...]) -> FeatureUnion:
    """An unfitted union of one TF-IDF a view."""
    return FeatureUnion(
        [
            (
                view.view,
                TfidfVectorizer(
                    analyzer=Grams(view.view, view.shortest, view.longest, lexicon),
                    sublinear_tf=True,
                    min_df=view.scarce,
                    norm="l2",
                ),
            )
            for view in views
        ],
        transformer_weights={view.view: view.scale for view in views},
    )


def to_features(union: FeatureUnion, views: Sequence[View], lexicon: tuple[str, ...]) -> Features:
    """The fitted union as the serving side's own features: the same columns in the same order."""
    blocks, offset = [], 0
    for view, (_, tfidf) in zip(views, union.transformer_list, strict=True):
        terms = [str(term) for term in tfidf.get_feature_names_out()]
        blocks.append(
            Block(view.view, view.shortest, view.longest, terms, np.asarray(tfidf.idf_, float), view.scale, offset)
        )
        offset += len(terms)
    return Features(tuple(blocks), Segmenter(lexicon))


def matrix(features: Features, texts: Sequence[str]) -> tuple[csr_matrix, list[Any]]:
    """The same vectors as serving makes, stacked, shape (messages, features), and the vectors themselves."""
    vectors = [features.vector(text) for text in texts]
    pointers = np.cumsum([0, *(len(vector.columns) for vector in vectors)])
    columns = np.concatenate([vector.columns for vector in vectors]) if vectors else np.empty(0, np.int64)
    values = np.concatenate([vector.values for vector in vectors]) if vectors else np.empty(0)
    return csr_matrix((values, columns, pointers), shape=(len(texts), features.width)), vectors


__all__ = ["Grams", "View", "matrix", "to_features", "vectoriser"]

"""Messages cut and counted once; every fold weighs the same counts by its own words.

What a fold's own vectoriser would learn (which terms there are, how rare they are) follows from the counts of its
training messages, so cutting the texts again for each fold would only cost time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from paidan.features import Block, Features, Vector, chars
from paidan.segment import Segmenter
from train.vectorise import Grams, View, vectoriser

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """What one view counted.

    Attributes:
        counts: how often each term occurs, shape (messages, terms).
        units: the columns of single words or characters that mean something, whose share of unknown ones counts.
    """

    view: View
    counts: csr_matrix
    units: Rows

    def rarity(self, rows: Rows) -> tuple[Rows, Floats]:
        """The columns that messages `rows` know, and their smoothed inverse document frequency."""
        frequency = np.bincount(self.counts[rows].indices, minlength=self.counts.shape[1])
        kept = np.flatnonzero(frequency >= self.view.scarce)
        return kept, np.log((1 + len(rows)) / (1 + frequency[kept])) + 1.0

    def weigh(self, kept: Rows, idf: Floats) -> csr_matrix:
        """TF-IDF of every message over the kept columns, rows of the view's length."""
        weighed = self.counts[:, kept].astype(np.float64)
        weighed.data = 1.0 + np.log(weighed.data)
        weighed = weighed @ diags(idf)
        lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
        return csr_matrix(diags(self.view.scale / np.where(lengths > 0, lengths, 1.0)) @ weighed)

    def unknown(self, kept: Rows) -> Floats:
        """Each message's share of units that are not kept; NaN where it has none."""
        total = np.asarray(self.counts[:, self.units].sum(axis=1), float).ravel()
        known = np.asarray(self.counts[:, np.intersect1d(self.units, kept)].sum(axis=1), float).ravel()
        return np.where(total > 0, 1.0 - known / np.maximum(total, 1.0), np.nan)


@dataclass(frozen=True)
class Corpus:
    """The counts of all views, and what else calibration looks at.

    Attributes:
        lengths: characters of each message; `latin` the share of them that are Latin letters.
    """

    views: tuple[Counts, ...]
    lengths: Rows
    latin: Floats

    def __len__(self) -> int:
        return len(self.lengths)

    def weigh(self, rows: Rows) -> tuple[csr_matrix, list[Vector], list[tuple[Rows, Floats]]]:
        """All messages as features learned from messages `rows`.

        Returns:
            The matrix, shape (messages, features); the messages' vectors as serving would make them; and by view
            the kept columns with their rarity.
        """
        learned = [counts.rarity(rows) for counts in self.views]
        parts = [counts.weigh(kept, idf) for counts, (kept, idf) in zip(self.views, learned, strict=True)]
        weighed = csr_matrix(hstack(parts, format="csr"))
        weighed.sort_indices()
        shares = np.array([counts.unknown(kept) for counts, (kept, _) in zip(self.views, learned, strict=True)])
        unknown = np.where(np.isnan(shares).all(axis=0), 1.0, np.nanmax(np.nan_to_num(shares, nan=-1.0), axis=0))
        bounds = weighed.indptr
        vectors = [
            Vector(
                weighed.indices[bounds[row] : bounds[row + 1]],
                weighed.data[bounds[row] : bounds[row + 1]],
                float(unknown[row]),
                int(self.lengths[row]),
                float(self.latin[row]),
            )
            for row in range(len(self))
        ]
        return weighed, vectors, learned


def count(
    texts: Sequence[str], views: Sequence[View], lexicon: tuple[str, ...], jobs: int
) -> tuple[Corpus, list[list[str]]]:
    """Cut and count the texts, one process a view. Returns the corpus and the terms of each view, in column order."""
    found = Parallel(n_jobs=jobs)(delayed(_count)(texts, view, lexicon) for view in views)
    inner = [chars(text)[1:-1] for text in texts]
    lengths = np.array([len(text) for text in inner], dtype=np.int64)
    latin = np.array([sum("a" <= char <= "z" for char in text) / max(1, len(text)) for text in inner])
    return Corpus(tuple(counts for counts, _ in found), lengths, latin), [terms for _, terms in found]


def _count(texts: Sequence[str], view: View, lexicon: tuple[str, ...]) -> tuple[Counts, list[str]]:
    counter = CountVectorizer(analyzer=Grams(view.view, view.shortest, view.longest, lexicon), dtype=np.int32)
    counts = counter.fit_transform(texts)
    terms = [str(term) for term in counter.get_feature_names_out()]
    single = [" " not in term if view.view == "words" else len(term) == 1 for term in terms]
    units = [column for column, term in enumerate(terms) if single[column] and term.isalnum() and not term.isdigit()]
    return Counts(view, csr_matrix(counts), np.array(units, dtype=np.int64)), terms


def to_serving(
    corpus: Corpus, terms: Sequence[Sequence[str]], learned: Sequence[tuple[Rows, Floats]], lexicon: tuple[str, ...]
) -> tuple[Features, FeatureUnion]:
    """What was learned, as the serving side's features and as scikit-learn's own vectorisers: the same columns."""
    blocks, offset = [], 0
    union = vectoriser([counts.view for counts in corpus.views], lexicon)
    for place, (counts, names, (kept, idf)) in enumerate(zip(corpus.views, terms, learned, strict=True)):
        view, mine = counts.view, [names[column] for column in kept]
        blocks.append(Block(view.view, view.shortest, view.longest, mine, idf, view.scale, offset))
        offset += len(mine)
        name, unfitted = union.transformer_list[place]
        fitted = TfidfVectorizer(**{**unfitted.get_params(deep=False), "vocabulary": mine, "min_df": 1})
        fitted.idf_ = idf
        union.transformer_list[place] = (name, fitted)
    return Features(tuple(blocks), Segmenter(lexicon)), union

"""Learning: checked messages with labels in, a bundle out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.pipeline import FeatureUnion

from paidan.bundle import Bundle
from paidan.calibration import Calibration
from paidan.features import Vector
from paidan.heads import Head, Scorer
from paidan.normalise import CURRENT
from paidan.router import IN_SCOPE
from paidan.taxonomy import Taxonomy
from train.calibrate import apply, fit_calibration
from train.corpus import Corpus, Rows, count, to_serving
from train.estimators import Penalty, Weights, aligned, fit_head
from train.labelled import Examples
from train.self_training import SelfTraining
from train.split import grouped_folds
from train.thresholds import OutOfFold, fit_table
from train.vectorise import View

Floats = NDArray[np.float64]
TIERS = ("high", "medium", "low")
SEVERAL_ISSUES = 3.0
HARD = "hard"
# A text with more unknown words than this teaches nothing.
UNREADABLE = 0.5


@dataclass(frozen=True)
class Recipe:
    """How a model is made. The same recipe and examples give the same bundle.

    Attributes:
        folds: grouped folds of the out-of-fold answers that calibrate and decide.
        jobs: processes; -1 for all cores.
    """

    views: tuple[View, ...] = (View("words", 1, 2), View("chars", 1, 3, scale=1.5))
    penalties: Mapping[str, Penalty] = field(
        default_factory=lambda: {
            "urgency": Penalty(0.3, balanced=True),
            "kind": Penalty(0.3),
            "scope": Penalty(0.5, balanced=True),
        }
    )
    penalty: Penalty = field(default_factory=lambda: Penalty(0.7))
    lexicon: tuple[str, ...] = ()
    folds: int = 5
    jobs: int = -1
    seed: int = 20261122

    def penalty_of(self, head: str) -> Penalty:
        return self.penalties.get(head, self.penalty)


@dataclass(frozen=True)
class Fitted:
    """A fitted model: the bundle, scikit-learn's own form of it, and its honest answers.

    Attributes:
        taken: how many unlabelled texts it learned from.
    """

    bundle: Bundle
    union: FeatureUnion
    out_of_fold: Mapping[str, Floats]
    vectors: Sequence[Vector]
    taken: int = 0


Progress = Callable[[str], None]


def fit(
    examples: Examples,
    taxonomy: Taxonomy,
    recipe: Recipe,
    identity: Mapping[str, Any],
    progress: Progress = lambda _: None,
    unlabelled: SelfTraining | None = None,
) -> Fitted:
    """Learn all heads, calibrate them on grouped folds, and fit what decides.

    Unlabelled texts only ever teach: what calibrates and decides are answers to labelled messages.
    """
    labels = {head: _labels(head, column) for head, column in examples.labels.items()}
    labels = {head: known for head, known in labels.items() if len(known) > 1 or head == "tag"}
    progress("features")
    texts = (*examples.texts, *(unlabelled.texts if unlabelled else ()))
    corpus, terms = count(texts, recipe.views, recipe.lexicon, recipe.jobs)
    taught = _taught(corpus, examples, np.arange(len(examples)), recipe, unlabelled)
    features, union = to_serving(corpus, terms, taught.learned, recipe.lexicon)
    progress("heads")
    fitted = {head: _fit_one(taught.rows, taught.examples, head, recipe, taught.among) for head in labels}
    progress("folds")
    scores = _out_of_fold(corpus, examples, labels, recipe, unlabelled)
    progress("calibration")
    calibrations, shares = {}, {}
    for head, known in labels.items():
        mine = [row for row, label in enumerate(examples.labels[head]) if label is not None]
        truth = np.array([known.index(str(examples.labels[head][row])) for row in mine])
        fold_vectors = [scores[1][row] for row in mine]
        calibrations[head] = fit_calibration(scores[0][head][mine], truth, fold_vectors, _counts(examples, head, mine))
        shares[head] = apply(calibrations[head], scores[0][head], list(scores[1]))
    progress("decision")
    table = fit_table(_answers(examples, labels, shares, scores[1]))
    heads, columns = _heads(labels, fitted, calibrations, examples)
    scorer = Scorer(np.ascontiguousarray(columns[0].T, dtype=np.float32), columns[1])
    bundle = Bundle(taxonomy, features, scorer, heads, table, CURRENT, identity)
    return Fitted(bundle, union, shares, taught.vectors[: len(examples)], len(taught.among) - len(examples))


@dataclass(frozen=True)
class _Taught:
    """What a model learns from: all messages as features, and the rows `among` them that teach."""

    rows: csr_matrix
    vectors: list[Vector]
    learned: list[tuple[Rows, Floats]]
    examples: Examples
    among: Rows


def _taught(
    corpus: Corpus, examples: Examples, inside: Rows, recipe: Recipe, unlabelled: SelfTraining | None
) -> _Taught:
    """The messages `inside`, and the unlabelled texts that a model of those is surest of."""
    rows, vectors, learned = corpus.weigh(inside)
    if unlabelled is None or not unlabelled.texts:
        return _Taught(rows, vectors, learned, examples, inside)
    start = len(examples)
    readable = np.array([vector.unknown <= UNREADABLE for vector in vectors[start:]])
    if "scope" in examples.labels:
        scope = _fit_one(rows, examples, "scope", recipe, inside)
        said = scope.scores(rows[start:]).argmax(axis=1)
        readable &= np.array([scope.labels[column] == IN_SCOPE for column in said])
    tags = _fit_one(rows, examples, "tag", recipe, inside)
    chosen = unlabelled.chosen(tags.scores(rows[start:]), readable)
    more = examples.plus(unlabelled.texts, {row: tags.labels[tag] for row, tag in chosen}, unlabelled.weight)
    among = np.concatenate([inside, np.array([start + row for row, _ in chosen], dtype=np.int64)])
    return _Taught(*corpus.weigh(among), more, among)


def _counts(examples: Examples, head: str, rows: Sequence[int]) -> Floats | None:
    """How much each message counts in calibration.

    Messages with several issues are the hard ones, and rarer among authored examples (two in ten) than in what
    customers write (six in ten of the real texts seen); they count threefold for the tag head.
    """
    if head != "tag":
        return None
    return np.array([SEVERAL_ISSUES if examples.also[row] else 1.0 for row in rows])


def _labels(head: str, column: Sequence[str | None]) -> tuple[str, ...]:
    found = sorted({label for label in column if label is not None})
    if head == "urgency":
        return tuple(tier for tier in TIERS if tier in found)
    return tuple(found)


def _fit_one(rows: csr_matrix, examples: Examples, head: str, recipe: Recipe, among: Rows | None = None) -> Weights:
    """Fit a head on the messages of `among` (all, when None) that carry its label."""
    column = examples.labels[head]
    chosen = range(len(column)) if among is None else among
    mine = [int(row) for row in chosen if column[int(row)] is not None]
    return fit_head(
        rows[mine], [str(column[row]) for row in mine], recipe.penalty_of(head), examples.weights[mine], recipe.seed
    )


def _out_of_fold(
    corpus: Corpus,
    examples: Examples,
    labels: Mapping[str, tuple[str, ...]],
    recipe: Recipe,
    unlabelled: SelfTraining | None = None,
) -> tuple[dict[str, Floats], list[Vector]]:
    """Scores by head, shape (messages, labels), and the vectors as the folds' own words saw them."""
    strata = [str(tag) for tag in examples.labels["tag"]]
    folds = grouped_folds(list(examples.groups), strata, recipe.folds, recipe.seed)
    results = Parallel(n_jobs=recipe.jobs)(
        delayed(_one_fold)(corpus, examples, test, labels, recipe, unlabelled) for test in folds
    )
    scores = {head: np.zeros((len(examples), len(known))) for head, known in labels.items()}
    vectors: list[Vector | None] = [None] * len(examples)
    for test, (fold_scores, fold_vectors) in zip(folds, results, strict=True):
        for head in labels:
            scores[head][test] = fold_scores[head]
        for row, vector in zip(test, fold_vectors, strict=True):
            vectors[int(row)] = vector
    return scores, [vector for vector in vectors if vector is not None]


def _one_fold(
    corpus: Corpus,
    examples: Examples,
    test: NDArray[np.int64],
    labels: Mapping[str, tuple[str, ...]],
    recipe: Recipe,
    unlabelled: SelfTraining | None,
) -> tuple[dict[str, Floats], list[Vector]]:
    inside = np.setdiff1d(np.arange(len(examples)), test)
    taught = _taught(corpus, examples, inside, recipe, unlabelled)
    held_out = taught.rows[test]
    scores = {}
    for head, known in labels.items():
        fitted = _fit_one(taught.rows, taught.examples, head, recipe, taught.among)
        scores[head] = aligned(
            fitted.scores(held_out), fitted.labels, {label: column for column, label in enumerate(known)}
        )
    return scores, [taught.vectors[int(row)] for row in test]


def _answers(
    examples: Examples, labels: Mapping[str, tuple[str, ...]], shares: Mapping[str, Floats], vectors: Sequence[Vector]
) -> OutOfFold:
    tags = labels["tag"]
    column = {tag: index for index, tag in enumerate(tags)}
    accepted = np.zeros((len(examples), len(tags)), dtype=bool)
    truth = np.full(len(examples), -1)
    for row, tag in enumerate(examples.labels["tag"]):
        for name in (tag, *examples.also[row]):
            if name in column:
                accepted[row, column[name]] = True
        truth[row] = column.get(str(tag), -1)
    tagged = truth >= 0
    in_scope = np.ones(len(examples))
    if "scope" in labels and IN_SCOPE in labels["scope"]:
        in_scope = shares["scope"][:, labels["scope"].index(IN_SCOPE)]
    urgency, tiers = None, None
    if labels.get("urgency") == TIERS:
        known = np.array([label is not None for label in examples.labels["urgency"]])
        urgency = shares["urgency"][known]
        tiers = np.array([label for label in examples.labels["urgency"] if label is not None], dtype=object)
    unknown = np.array([vector.unknown for vector in vectors])
    natural = np.array([style != HARD for style in examples.styles])
    return OutOfFold(tags, shares["tag"], truth, accepted, unknown, in_scope, tagged, natural, urgency, tiers)


def _heads(
    labels: Mapping[str, tuple[str, ...]],
    fitted: Mapping[str, Weights],
    calibrations: Mapping[str, Calibration],
    examples: Examples,
) -> tuple[tuple[Head, ...], tuple[Floats, Floats]]:
    heads, coefficients, intercepts, start = [], [], [], 0
    for name, known in labels.items():
        order = [fitted[name].labels.index(label) for label in known]
        coefficients.append(fitted[name].coefficients[order])
        intercepts.append(fitted[name].intercepts[order])
        column = examples.labels[name]
        counts = np.array([sum(label == one for label in column) for one in known], float)
        heads.append(Head(name, known, start, calibrations[name], counts / counts.sum()))
        start += len(known)
    return tuple(heads), (np.vstack(coefficients), np.concatenate(intercepts))

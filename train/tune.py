"""Looking for a better recipe: Optuna proposes, grouped cross-validation judges, a database remembers.

Each proposal is judged fold by fold; one that lies behind the median of the others after a fold is given up. The
default recipe goes first, so that whatever is found is known to be better than it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed

from paidan.report.labels import macro_f1
from train.corpus import Corpus, Rows, count
from train.estimators import Penalty, fit_head
from train.fit import Recipe
from train.labelled import Examples
from train.split import grouped_folds
from train.vectorise import View

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import BaseTrial, FrozenTrial

URGENCY_WEIGHT = 0.25
HEADS = ("tag", "urgency")
STARTUP = 8


@dataclass
class Bench:
    """What proposals are judged on: the same messages and folds for all.

    Attributes:
        folds: held-out rows of each fold.
    """

    examples: Examples
    recipe: Recipe
    folds: Sequence[Rows]
    _counted: dict[tuple[str, int, int], Corpus] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, examples: Examples, recipe: Recipe, folds: int) -> Bench:
        strata = [str(tag) for tag in examples.labels["tag"]]
        return cls(examples, recipe, grouped_folds(list(examples.groups), strata, folds, recipe.seed))

    def corpus(self, views: Sequence[View]) -> Corpus:
        """The messages counted by some views; what differs only in scale or scarcity is counted once."""
        found = []
        for view in views:
            key = (view.view, view.shortest, view.longest)
            if key not in self._counted:
                self._counted[key] = count(self.examples.texts, [view], self.recipe.lexicon, self.recipe.jobs)[0]
            found.append((view, self._counted[key]))
        counts = tuple(replace(corpus.views[0], view=view) for view, corpus in found)
        return Corpus(counts, found[0][1].lengths, found[0][1].latin)

    def judge(self, recipe: Recipe, report: Callable[[int, float], None] = lambda *_: None) -> dict[str, float]:
        """Grouped out-of-fold figures of a recipe: `tag` accuracy, `urgency` macro-F1, and the `objective`.

        Args:
            report: told the objective over the folds so far after each; may raise to give up.
        """
        corpus = self.corpus(recipe.views)
        said: dict[str, list[str]] = {head: [] for head in HEADS}
        truth: dict[str, list[str]] = {head: [] for head in HEADS}
        figures: dict[str, float] = {}
        for number, test in enumerate(self.folds):
            inside = np.setdiff1d(np.arange(len(self.examples)), test)
            rows, _, _ = corpus.weigh(inside)
            heads = [head for head in HEADS if head in self.examples.labels]
            found = Parallel(n_jobs=recipe.jobs, prefer="threads")(
                delayed(self._fold)(rows, inside, test, head, recipe) for head in heads
            )
            for head, (right, guessed) in zip(heads, found, strict=True):
                truth[head] += right
                said[head] += guessed
            figures = _figures(truth, said)
            report(number, figures["objective"])
        return figures

    def _fold(self, rows: Any, inside: Rows, test: Rows, head: str, recipe: Recipe) -> tuple[list[str], list[str]]:
        column, weights = self.examples.labels[head], self.examples.weights
        mine = [int(row) for row in inside if column[int(row)] is not None]
        held = [int(row) for row in test if column[int(row)] is not None]
        labels = [str(column[row]) for row in mine]
        fitted = fit_head(rows[mine], labels, recipe.penalty_of(head), weights[mine], recipe.seed)
        best = fitted.scores(rows[held]).argmax(axis=1) if held else []
        return [str(column[row]) for row in held], [fitted.labels[int(one)] for one in best]


def _figures(truth: dict[str, list[str]], said: dict[str, list[str]]) -> dict[str, float]:
    right = [t == s for t, s in zip(truth["tag"], said["tag"], strict=True)]
    tag = sum(right) / max(1, len(right))
    if not truth["urgency"]:
        return {"tag": tag, "objective": tag}
    urgency = float(macro_f1(truth["urgency"], said["urgency"]) or 0.0)
    return {"tag": tag, "urgency": urgency, "objective": tag + URGENCY_WEIGHT * urgency}


def proposed(trial: BaseTrial, recipe: Recipe) -> Recipe:
    """The recipe that a trial stands for."""
    views = (
        View("words", 1, trial.suggest_int("words.longest", 1, 2), 1.0, trial.suggest_int("words.scarce", 1, 3)),
        View(
            "chars",
            1,
            trial.suggest_int("chars.longest", 2, 4),
            trial.suggest_float("chars.scale", 0.5, 3.0, log=True),
            trial.suggest_int("chars.scarce", 1, 4),
        ),
    )
    penalty = Penalty(
        trial.suggest_float("tag.c", 0.1, 3.0, log=True), trial.suggest_categorical("tag.balanced", [False, True])
    )
    urgency = Penalty(
        trial.suggest_float("urgency.c", 0.05, 3.0, log=True),
        trial.suggest_categorical("urgency.balanced", [True, False]),
    )
    return replace(recipe, views=views, penalty=penalty, penalties={**recipe.penalties, "urgency": urgency})


def parameters(recipe: Recipe) -> dict[str, Any]:
    """A recipe as the trial that `proposed` would make it from."""
    words, chars = (next(view for view in recipe.views if view.view == name) for name in ("words", "chars"))
    urgency = recipe.penalty_of("urgency")
    return {
        "words.longest": words.longest,
        "words.scarce": words.scarce,
        "chars.longest": chars.longest,
        "chars.scale": chars.scale / words.scale,
        "chars.scarce": chars.scarce,
        "tag.c": recipe.penalty.c,
        "tag.balanced": recipe.penalty.balanced,
        "urgency.c": urgency.c,
        "urgency.balanced": urgency.balanced,
    }


def open_study(database: Path, name: str, recipe: Recipe) -> Study:
    """The study of a name, begun or gone on with; trials that an interruption left open count as failed."""
    import optuna
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    database.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{database}",
        study_name=name,
        direction="maximize",
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=recipe.seed, n_startup_trials=STARTUP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
    )
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(parameters(recipe))
    return study


def step(study: Study, bench: Bench) -> tuple[FrozenTrial, dict[str, float]]:
    """One trial: asked, judged, remembered. An interruption marks it failed and goes on up."""
    import optuna
    from optuna.trial import TrialState

    trial = study.ask()

    def report(fold: int, value: float) -> None:
        trial.report(value, fold)
        if fold + 1 < len(bench.folds) and trial.should_prune():
            raise optuna.TrialPruned

    try:
        figures = bench.judge(proposed(trial, bench.recipe), report)
    except optuna.TrialPruned:
        return study.tell(trial, state=TrialState.PRUNED), {}
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise
    for name, value in figures.items():
        trial.set_user_attr(name, value)
    return study.tell(trial, figures["objective"]), figures


def finished(study: Study) -> list[FrozenTrial]:
    """The trials that were judged on every fold, in order."""
    from optuna.trial import TrialState

    return list(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))

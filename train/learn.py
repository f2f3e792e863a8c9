"""One training from records to evidence: what is held out, what is learned, how well it answers."""

from __future__ import annotations

import platform
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import paidan
from paidan.bundle import Bundle
from paidan.errors import RecordsError
from paidan.normalise import CURRENT
from paidan.reading import read
from paidan.report.metrics import Judged, metrics
from paidan.router import Router
from paidan.taxonomy import Taxonomy
from paidan.workspace import Workspace
from train.examples import fingerprint, to_examples
from train.fit import Fitted, Recipe, fit
from train.gate_set import GateSet
from train.honest import Honest, honest_answers
from train.judge import judge
from train.labelled import Examples
from train.lend import lend
from train.lineage import counts, lexicon_digest, sources
from train.recipe_file import recipe_of
from train.records import Record
from train.self_training import Adaptation, SelfTraining, compared
from train.split import group_keys, holdout
from train.summary import out_of_fold_metrics, right_tags

FEWEST_RECORDS = 20
GATE_SHARE = 0.1
LIBRARIES = ("numpy", "scipy", "scikit-learn", "rjieba", "OpenCC", "mlflow")


@dataclass(frozen=True)
class Lesson:
    """What one training is given.

    Attributes:
        own: the records that were named on the command line, or the starter set.
        starter: what lends missing heads; empty to refuse.
        hold_out: keep one group in ten aside for the gate; False learns from everything.
        unlabelled: texts of the company's own that adapt the model; empty for none.
    """

    own: Sequence[Record]
    starter: Sequence[Record]
    taxonomy: Taxonomy
    heads: tuple[str, ...]
    hold_out: bool = True
    quick: bool = False
    unlabelled: Sequence[Record] = ()


@dataclass(frozen=True)
class Learned:
    """A model and its evidence.

    Attributes:
        held_out: judged answers to the gate records, which the model never saw; empty without a gate set.
        honest: figures of the grouped out-of-fold answers, which are themselves `out_of_fold`.
        gate: the held-out records as they are frozen.
        sources: rows and fingerprint of everything that was learned from or put aside.
    """

    fitted: Fitted
    recipe: Recipe
    lent: tuple[str, ...]
    rows: Mapping[str, int]
    fingerprint: str
    held_out: tuple[Judged, ...]
    held_out_records: tuple[Record, ...]
    metrics: Mapping[str, Any]
    honest: Mapping[str, Any]
    out_of_fold: tuple[Honest, ...]
    gate: GateSet
    sources: Sequence[Mapping[str, Any]]
    adaptation: Adaptation | None = None

    @property
    def bundle(self) -> Bundle:
        return self.fitted.bundle


def learn(workspace: Workspace, lesson: Lesson, progress: Callable[[str], None] = lambda _: None) -> Learned:
    """Train, and measure through the door that serves.

    Raises:
        RecordsError: when there is too little to learn from.
    """
    tagged = [record for record in lesson.own if record.labels.get("tag")]
    tags = Counter(str(record.labels["tag"]) for record in tagged)
    if len(tagged) < FEWEST_RECORDS or len(tags) < 2:
        raise RecordsError(
            f"{len(tagged)} records with {len(tags)} different tags; at least {FEWEST_RECORDS} with 2 tags are needed to learn. "
            "Is the label column right? `--column tag=NAME` names it"
        )
    progress("reading")
    inside, aside = _split(lesson)
    records, lent = lend(inside, lesson.starter, (*lesson.heads, "scope"))
    examples = to_examples(records, lesson.heads)
    recipe = _recipe(lesson, workspace)
    mark = fingerprint(records)
    rows = {"own": len(inside), "lent": len(records) - len(inside), "held out": len(aside)}
    starter_files = {path.name for path in workspace.starter}
    gate = GateSet.of(aside, starter_files)
    made_of = sources(inside, records[len(inside) :], aside, starter_files)
    identity = _identity(workspace, lesson, recipe, mark, rows) | {
        "sources": counts(made_of),
        "gate": {"records": len(aside), "sha256": gate.digest},
    }
    fitted = fit(examples, lesson.taxonomy, recipe, identity, progress)
    adaptation = None
    if lesson.unlabelled:
        fitted, adaptation = _adapted(fitted, examples, lesson, recipe, identity, progress)
    progress("evaluation")
    honest = out_of_fold_metrics(examples, fitted)
    settings = workspace.settings
    routing = workspace.routing(lesson.taxonomy, lenient=True)
    router = Router(fitted.bundle, routing, settings.precision, settings.candidate_coverage)
    judged = tuple(judge(router, aside))
    figures = metrics(judged) if judged else {}
    bundle = replace(
        fitted.bundle,
        identity={**fitted.bundle.identity, "metrics": {"out_of_fold": honest, "held_out": _brief(figures)}},
    )
    return Learned(
        replace(fitted, bundle=bundle),
        recipe,
        lent,
        rows,
        mark,
        judged,
        tuple(aside),
        figures,
        honest,
        tuple(honest_answers(records, examples, fitted)),
        gate,
        made_of,
        adaptation,
    )


def _adapted(
    before: Fitted,
    examples: Examples,
    lesson: Lesson,
    recipe: Recipe,
    identity: Mapping[str, Any],
    progress: Callable[[str], None],
) -> tuple[Fitted, Adaptation]:
    """The model adapted to unlabelled texts, unless its grouped out-of-fold tags fall behind those of `before`."""
    progress("adaptation")
    known = set(examples.texts)
    texts = dict.fromkeys(read(record.message, CURRENT).text for record in lesson.unlabelled)
    unlabelled = SelfTraining(tuple(text for text in texts if text not in known))
    after = fit(examples, lesson.taxonomy, recipe, identity, unlabelled=unlabelled)
    found = compared(len(unlabelled.texts), after.taken, right_tags(examples, before), right_tags(examples, after))
    chosen = after if found.kept else before
    told = {**chosen.bundle.identity, "self_training": found.to_dict()}
    return replace(chosen, bundle=replace(chosen.bundle, identity=told)), found


def _split(lesson: Lesson) -> tuple[list[Record], list[Record]]:
    if not lesson.hold_out:
        return list(lesson.own), []
    aside = holdout(group_keys(lesson.own), GATE_SHARE)
    inside = [record for record, out in zip(lesson.own, aside, strict=True) if not out]
    held = [record for record, out in zip(lesson.own, aside, strict=True) if out]
    return inside, held


def _recipe(lesson: Lesson, workspace: Workspace) -> Recipe:
    recipe = recipe_of(workspace.home, Recipe(lexicon=workspace.lexicon()))
    return replace(recipe, folds=2) if lesson.quick else recipe


def _identity(
    workspace: Workspace, lesson: Lesson, recipe: Recipe, mark: str, rows: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "name": workspace.settings.registered_model,
        "version": "local",
        "paidan": version("paidan"),
        "data": {"fingerprint": mark, "rows": dict(rows)},
        "taxonomy": lesson.taxonomy.digest,
        "lexicon": lexicon_digest(recipe.lexicon),
        "normaliser": CURRENT,
        "seed": recipe.seed,
        "quick": lesson.quick,
        "libraries": {name: version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "git": _commit(),
    }


def _commit() -> str | None:
    """The commit of Paidan's own code, when it runs from a checkout."""
    folder = Path(paidan.__file__).parent
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def _brief(figures: Mapping[str, Any]) -> dict[str, Any]:
    if not figures:
        return {}
    tag, urgency = figures["tag"], figures["urgency"]
    return {
        "n": figures["n"],
        "tag.accuracy": tag["accuracy"],
        "tag.accuracy_also": tag["accuracy_also"],
        "tag.top3": tag["top3"],
        "tag.macro_f1": tag["macro_f1"],
        "tag.ece_excess": tag["ece_excess"],
        "urgency.high_recall": urgency["high_recall"],
        "urgency.high_precision": urgency["high_precision"],
        "kind.accuracy": figures["kind"]["accuracy"],
        "auto.coverage": figures["auto"]["coverage"],
        "auto.precision": figures["auto"]["precision"],
    }

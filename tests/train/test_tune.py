"""Tuning: judged by grouped folds, remembered, gone on with, and the recipe used by training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from paidan.errors import RecordsError
from paidan.main import Context
from paidan.workspace import Workspace
from tests.conftest import starter_records
from train.commands.tune import tune
from train.estimators import Penalty
from train.examples import to_examples
from train.fit import Recipe
from train.recipe_file import FILE, recipe_of, write_recipe
from train.tune import Bench, finished, open_study, parameters, proposed, step
from train.vectorise import View

SLOW = Recipe(jobs=1)


def bench(home: Path) -> Bench:
    return Bench.of(to_examples(starter_records(Workspace(home))[::3], ("tag", "urgency")), SLOW, 2)


def test_the_default_goes_first_and_an_interrupted_study_goes_on(tiny_home: Path, tmp_path: Path) -> None:
    database, judged = tmp_path / "registry" / "tune.db", bench(tiny_home)
    first, figures = step(open_study(database, "a", SLOW), judged)
    assert first.params == pytest.approx(parameters(SLOW))
    assert figures["objective"] == pytest.approx(figures["tag"] + 0.25 * figures["urgency"])
    open_study(database, "a", SLOW).ask()
    again = open_study(database, "a", SLOW)
    assert [trial.state.name for trial in again.trials] == ["COMPLETE", "FAIL"]
    assert len(finished(again)) == 1
    assert open_study(database, "b", SLOW).get_trials(states=None)[0].state.name == "WAITING"


def test_ctrl_c_marks_the_trial_failed_and_goes_up(
    tiny_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> dict[str, float]:
        raise KeyboardInterrupt

    judged = bench(tiny_home)
    study = open_study(tmp_path / "tune.db", "a", SLOW)
    monkeypatch.setattr(Bench, "judge", interrupted)
    with pytest.raises(KeyboardInterrupt):
        step(study, judged)
    assert [trial.state.name for trial in study.trials] == ["FAIL"]


def test_the_parameters_of_a_recipe_propose_it(tmp_path: Path) -> None:
    from optuna.trial import FixedTrial

    assert proposed(FixedTrial(parameters(SLOW)), SLOW) == SLOW


def test_a_recipe_is_written_and_read(tmp_path: Path) -> None:
    views = (View("words", 1, 1, 1.0, 2), View("chars", 1, 4, 0.75, 3))
    recipe = Recipe(views=views, penalty=Penalty(0.31, True), lexicon=("续航",))
    write_recipe(tmp_path, recipe, "trial 7")
    assert recipe_of(tmp_path, Recipe(lexicon=("续航",))) == recipe
    assert recipe_of(tmp_path / "none", SLOW) is SLOW


def test_a_bad_recipe_names_every_problem(tmp_path: Path) -> None:
    text = '[[views]]\nview = "syllables"\nshortest = 1\nlongest = 2\n[penalties.tag]\nc = -1\n[penalties.kind]\nbalanced = true\n[x]\n'
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(RecordsError, match=r"syllables(.|\n)*c is -1(.|\n)*penalties.kind(.|\n)*'x' is unknown"):
        recipe_of(tmp_path, SLOW)
    (tmp_path / FILE).write_text("views = [", encoding="utf-8")
    with pytest.raises(RecordsError, match="delete it for the default"):
        recipe_of(tmp_path, SLOW)


def test_the_command_writes_what_train_uses_and_logs_to_mlflow(workspace_copy: Workspace) -> None:
    from train.registry import Registry

    said = CliRunner().invoke(
        tune, ["--trials", "1", "--folds", "2", "--json"], obj=Context(workspace_copy.home), catch_exceptions=False
    )
    found: dict[str, Any] = json.loads(said.stdout)
    assert (found["finished"], found["interrupted"], found["trouble"]) == (1, False, None)
    assert found["best"]["objective"] >= found["default"]["objective"]
    recipe = recipe_of(workspace_copy.home, Recipe())
    assert recipe.penalty.c == pytest.approx(found["best"]["params"]["tag.c"])
    client = Registry(workspace_copy).client()
    experiment = client.get_experiment_by_name("paidan-tune")
    assert experiment is not None
    assert len(client.search_runs([experiment.experiment_id])) == 1

"""`paidan tune`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from paidan.errors import RecordsError
from train.commands.options import Reading, max_bad_option, reading_options
from train.examples import fingerprint, to_examples
from train.fit import Recipe
from train.recipe_file import write_recipe
from train.registry import Registry
from train.tune import Bench, finished, open_study, parameters, proposed, step
from train.tune_log import TuneLog


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@reading_options
@max_bad_option
@click.option(
    "--trials", type=click.IntRange(1), default=40, show_default=True, help="How many recipes more are tried."
)
@click.option("--minutes", type=click.FloatRange(0), help="Begin no further trial after so long.")
@click.option("--folds", type=click.IntRange(2), default=3, show_default=True, help="Grouped folds that judge each.")
@click.option("--fresh", is_flag=True, help="Forget earlier trials on the same messages.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def tune(
    files: tuple[Path, ...],
    reading: Reading,
    max_bad: float,
    trials: int,
    minutes: float | None,
    folds: int,
    fresh: bool,
    as_json: bool,
) -> None:
    """Looks for a better recipe: views, scales, scarcity and penalties, judged by grouped cross-validation.

    Trials are kept in models/registry/tune.db: Ctrl-C loses at most the one under way, and the same messages go on
    where they stopped. The best recipe is written to recipe.toml, which `paidan train` then uses.

    Example: paidan tune --trials 60 --minutes 90
    """
    workspace = reading.workspace
    workspace.require()
    console = Console(stderr=True)
    found = reading.records(files, need_labels=True) if files else reading.starter()
    for line in found.report() if found.rejects else ():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if found.too_many(max_bad):
        raise RecordsError(
            f"{len(found.rejects)} rows set aside; up to {max_bad:.1%} are borne. Mend them, or raise --max-bad"
        )
    examples = to_examples(found.records, ("tag", "urgency"))
    if "tag" not in examples.labels:
        raise RecordsError(
            "no record has a tag, so there is nothing to judge a recipe by. `--column tag=NAME` names it"
        )
    recipe = Recipe(lexicon=workspace.lexicon())
    name = f"{fingerprint(found.records)[:16]}-{folds}"
    database = workspace.models / "registry" / "tune.db"
    if fresh and database.is_file():
        _forget(database, name)
    study = open_study(database, name, recipe)
    log = TuneLog(Registry(workspace), name)
    interrupted = _run(study, Bench.of(examples, recipe, folds), log, trials, minutes, console)
    _told(study, recipe, workspace.home, log, interrupted, as_json)


def _run(study: Any, bench: Bench, log: TuneLog, trials: int, minutes: float | None, console: Console) -> bool:
    """Run trials; whether Ctrl-C ended them."""
    columns = (
        TextColumn("tuning"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[best]}"),
    )
    end = time.monotonic() + minutes * 60 if minutes is not None else None
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("tuning", total=trials, best="")
        try:
            for _ in range(trials):
                if end is not None and time.monotonic() > end:
                    break
                log.write(*step(study, bench))
                done = finished(study)
                best = f"best {max(float(one.value or 0) for one in done):.4f}" if done else ""
                progress.update(task, advance=1, best=best)
        except KeyboardInterrupt:
            return True
    return False


def _told(study: Any, recipe: Recipe, home: Path, log: TuneLog, interrupted: bool, as_json: bool) -> None:
    done = finished(study)
    if not done:
        raise RecordsError("no trial was finished, so no recipe was written. Run it again: it goes on where it stopped")
    best, first = study.best_trial, done[0]
    note = f"trial {best.number} of {len(study.trials)}: tag {best.user_attrs['tag']:.4f}"
    path = write_recipe(home, proposed(best, recipe), note)
    if as_json:
        said = {
            "trials": len(study.trials),
            "finished": len(done),
            "interrupted": interrupted,
            "best": {"number": best.number, "params": best.params, **best.user_attrs},
            "default": {"params": parameters(recipe), **first.user_attrs},
            "recipe": str(path),
            "trouble": log.trouble,
        }
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    table = Table(title=f"{len(study.trials)} trials, {len(done)} judged on every fold")
    for column in ("", "first", "best"):
        table.add_column(column, justify="left" if not column else "right")
    for figure in best.user_attrs:
        table.add_row(figure, f"{first.user_attrs[figure]:.4f}", f"{best.user_attrs[figure]:.4f}")
    for key, value in best.params.items():
        table.add_row(key, _short(first.params[key]), _short(value))
    Console().print(table)
    if log.trouble:
        click.echo(f"not logged to MLflow: {log.trouble}", err=True)
    click.echo(
        f"written to {path}; `paidan train` uses it" + ("; interrupted: run it again to go on" if interrupted else "")
    )


def _forget(database: Path, name: str) -> None:
    import optuna

    if name in optuna.get_all_study_names(f"sqlite:///{database}"):
        optuna.delete_study(study_name=name, storage=f"sqlite:///{database}")


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

"""`paidan predict`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from paidan.errors import RecordsError
from train.answer_file import AnswerFile
from train.commands.options import Reading, max_bad_option, reading_options
from train.deploy import versions


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    metavar="OUT",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Answers: .jsonl, .csv or .xlsx.",
)
@click.option(
    "--model",
    "ref",
    default="champion",
    show_default=True,
    help="`champion`, `challenger`, a version number, or a bundle's path.",
)
@click.option("--detail", is_flag=True, help="Add evidence and the masked text to each answer (JSONL).")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@max_bad_option
@reading_options
def predict(
    source: Path, target: Path, reading: Reading, ref: str, detail: bool, max_bad: float, as_json: bool
) -> None:
    """Answers every row of a file, in order. Stopped, it goes on where it was when it is run again.

    Example: paidan predict tickets.xlsx -o answers.csv --column text=留言详情
    """
    kept = versions(reading.workspace)
    router = kept.router(kept.bundle(ref))
    start = time.perf_counter()
    columns = (
        SpinnerColumn(),
        TextColumn("answering"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} rows/s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task("rows", total=None, rate="–")

        def progress(rows: int) -> None:
            bar.advance(task, rows)
            bar.update(task, rate=f"{bar.tasks[0].completed / max(0.001, time.perf_counter() - start):,.0f}")

        answered, refused, done = AnswerFile(source, target, router, reading.profile, detail).run(progress)
    counts = {
        "answered": answered,
        "refused": refused,
        "taken_over": done,
        "output": str(target),
        "model": router.bundle.name,
    }
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False))
    else:
        before = f", {done:,} taken over from a stopped run" if done else ""
        click.echo(f"{answered:,} answered, {refused:,} refused{before} → {target}")
    if refused and refused > max_bad * (answered + refused + done):
        raise RecordsError(
            f"{refused:,} rows were refused, more than {max_bad:.1%}; each stands in {target} with its problem. Mend them, or raise --max-bad"
        )

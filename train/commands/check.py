"""`paidan check`: the data doctor."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from paidan.errors import RecordsError
from paidan.segment import Segmenter
from train.check import check as examine
from train.claims import Claims
from train.commands.options import Reading, reading_options
from train.findings import Finding, Report, worst_first
from train.records import RecordSet
from train.show_report import show
from train.vocabulary import Vocabulary, load_vocabularies

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("files", nargs=-1, type=_FILE)
@click.option(
    "--against", multiple=True, type=_FILE, help="Records that must share no text with FILES, such as a test set."
)
@click.option(
    "--vocabulary", type=click.Path(path_type=Path, file_okay=False), help="Word lists to look for in the messages."
)
@click.option("--json", "as_json", is_flag=True, help="Everything that was found, as one JSON object.")
@reading_options
def check(
    reading: Reading, files: tuple[Path, ...], against: tuple[Path, ...], vocabulary: Path | None, as_json: bool
) -> None:
    """Find what is wrong with records before they are learned from.

    Without FILES the workspace's starter set is checked, with its claims and word lists. Exits 1 on any rejected row
    and on any finding of level error.

    Example: paidan check complaints.csv --column text=留言详情 --column tag=一级标签 --against test.csv
    """
    report = _examined(reading, files, against, vocabulary)
    if as_json:
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        show(report)
    if not report.ok:
        raise SystemExit(1)


def _examined(reading: Reading, files: tuple[Path, ...], against: tuple[Path, ...], folder: Path | None) -> Report:
    datasets = reading.workspace.datasets
    claims = None
    if files:
        records = reading.records(files)
    else:
        records = reading.starter()
        folder = folder or datasets / "vocabulary"
        if not records.records and not records.rejects:
            raise RecordsError(
                f"no file is named, and {datasets / 'starter'} holds no .jsonl. Name a file: `paidan check FILE`"
            )
        if (datasets / "claims.yaml").is_file():
            claims = Claims.load(datasets / "claims.yaml")
    others = reading.texts(against) if against else RecordSet()
    report = examine(
        records,
        reading.taxonomy,
        against=others.records,
        vocabulary=_lists(folder),
        claims=claims,
        heads=reading.heads,
        segmenter=Segmenter(reading.workspace.lexicon()),
    )
    if others.rejects:
        rows = tuple((reject.file, reject.row) for reject in others.rejects)
        message = f"{len(rows)} rows of the --against files could not be read and were not compared"
        unread = Finding("warning", "against_rejected", message, rows, tuple(map(str, others.rejects)))
        report = dataclasses.replace(report, findings=worst_first([*report.findings, unread]))
    return report


def _lists(folder: Path | None) -> dict[str, Vocabulary]:
    return load_vocabularies(folder) if folder else {}

"""`paidan evaluate`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from paidan.errors import RecordsError
from paidan.report.metrics import metrics
from train.commands.options import Reading, reading_options
from train.deploy import versions
from train.errors_workbook import write_errors
from train.judge import judge, known_labels
from train.mistakes import confused, missed_high, unknown_words


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@reading_options
@click.option(
    "--model",
    "ref",
    default="champion",
    show_default=True,
    help="`champion`, `challenger`, a version number, or a bundle's path.",
)
@click.option(
    "--errors", type=click.Path(path_type=Path, dir_okay=False), help="Write the wrong answers to this .xlsx."
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def evaluate(files: tuple[Path, ...], reading: Reading, ref: str, errors: Path | None, as_json: bool) -> None:
    """Measures the answers that are served against labelled records. A label the model does not know counts as wrong.

    Example: paidan evaluate labelled.csv --model challenger --errors errors.xlsx
    """
    console = Console(stderr=True)
    kept = versions(reading.workspace)
    bundle = kept.bundle(ref)
    # Labels are read against the tags of the model that is measured; what it does not know stays as written.
    found = dataclasses.replace(reading, taxonomy=None).records(files, need_labels=True)
    for line in found.report():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not found.records:
        raise RecordsError("no record is left to measure; see the rows above")
    router = kept.router(bundle)
    records = tuple(known_labels(record, bundle.taxonomy) for record in found.records)
    judged = [
        judge(router, [record])[0]
        for record in track(records, "answering", console=console, transient=True, disable=as_json)
    ]
    figures = {"model": bundle.name, "rejected": len(found.rejects), **metrics(judged)}
    figures |= {
        "confused": confused(judged, records),
        "missed_high": missed_high(judged, records),
        "unknown_words": unknown_words(router, records),
    }
    if errors is not None:
        write_errors(errors, judged, records)
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=1))
    else:
        _show(figures, Console())


def _show(figures: dict[str, Any], console: Console) -> None:
    table = Table(title=f"{figures['model']} on {figures['n']:,} records")
    for column in ("figure", "value", "95 % interval", "n"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for head in ("tag", "urgency", "kind", "auto", "candidates", "out_of_scope"):
        for name, value in figures[head].items():
            if isinstance(value, dict) and "low" in value:
                if value["n"]:
                    table.add_row(
                        f"{head}.{name}",
                        f"{value['value']:.3f}",
                        f"{value['low']:.3f} – {value['high']:.3f}",
                        f"{value['n']:,}",
                    )
            elif isinstance(value, float):
                table.add_row(f"{head}.{name}", f"{value:.3f}", "", "")
    console.print(table)
    worst = sorted((row["f1"], name, row) for name, row in figures["tag"]["per_tag"].items() if row["support"])[:10]
    if worst:
        table = Table(title="worst tags")
        for column in ("tag", "F1", "precision", "recall", "support"):
            table.add_column(column, justify="left" if column == "tag" else "right")
        for f1, name, row in worst:
            precision = row["precision"]["value"]
            table.add_row(
                name,
                f"{f1:.3f}",
                "–" if precision is None else f"{precision:.3f}",
                f"{row['recall']['value']:.3f}",
                str(row["support"]),
            )
        console.print(table)
    _decisions(figures["decisions"], console)
    _mistakes(figures, console)
    if figures["tag"]["unknown_labels"]:
        names = ", ".join(f"{name} ({n})" for name, n in list(figures["tag"]["unknown_labels"].items())[:10])
        console.print(f"labels that the model does not know, counted as wrong: {names}", highlight=False)


def _decisions(table: dict[str, Any], console: Console) -> None:
    shown = Table(title="decisions that would be taken")
    for column in ("decision", "share", "tag right", "95 % interval", "out of scope", "reasons"):
        shown.add_column(column, justify="left" if column in ("decision", "reasons") else "right")
    for decision, row in table.items():
        right = row["accepted"]
        known = right["value"] is not None
        shown.add_row(
            decision,
            f"{row['share']['value']:.1%}" if row["share"]["n"] else "–",
            f"{right['value']:.3f}" if known else "–",
            f"{right['low']:.3f} – {right['high']:.3f}" if known else "",
            str(row["out_of_scope"]),
            ", ".join(f"{reason} {n}" for reason, n in row["reasons"].items()),
        )
    console.print(shown)


def _mistakes(figures: dict[str, Any], console: Console) -> None:
    def line(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    for pair in figures["confused"][:8]:
        line(f"{pair['n']} × {pair['truth']} taken for {pair['said']}")
        for example in pair["examples"][:2]:
            line(f"    {example['place']}: {example['text']}")
    missed = figures["missed_high"]
    if missed:
        line(f"{len(missed)} urgent messages missed:")
        for example in missed[:10]:
            line(f"    {example['place']} ({example['said']}): {example['text']}")
        if len(missed) > 10:
            line(f"    … and {len(missed) - 10} more")
    unknown = figures["unknown_words"]
    if unknown["mean"] is not None:
        line(f"unknown words: {unknown['mean']:.1%} on average; more than half in {unknown['above_half']['value']:.1%}")

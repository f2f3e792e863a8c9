"""`paidan replay`."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from paidan.errors import LedgerError, RecordsError
from paidan.ledger.answered import answers_since
from paidan.ledger.ledger import Ledger
from paidan.workspace import Workspace
from train.commands.options import Reading, reading_options
from train.deploy import Versions, versions
from train.page import Cell, Page
from train.replay import Answer, from_ledger, from_records
from train.replay import replay as answer_again

SHOWN = 10
_AGO = re.compile(r"(\d{1,5})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", help="From when on, of the ledger: 7d, 12h, or a time (ISO 8601). Without FILE: 7d.")
@click.option("--until", help="Until when; default now.")
@click.option(
    "--model",
    "ref",
    default="challenger",
    show_default=True,
    help="`challenger`, `champion`, a version number, or a bundle's path.",
)
@click.option(
    "--rows",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every disagreement to this .jsonl, the most instructive first.",
)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with the disagreements.")
@click.option("--json", "as_json", is_flag=True, help="Print the report with all disagreements as JSON.")
@reading_options
def replay(
    file: Path | None,
    since: str | None,
    until: str | None,
    ref: str,
    rows: Path | None,
    html: Path | None,
    as_json: bool,
    reading: Reading,
) -> None:
    """Answers last week's ledger, or FILE, with another version: what would have changed, what to review first.

    Records nothing. The ledger's texts are the masked ones, which get the same answers. With FILE the champion's
    answers stand for what was said.

    Example: paidan replay --since 7d --model challenger --rows review.jsonl
    """
    if file is not None and (since or until):
        raise click.UsageError("--since and --until are of the ledger; with FILE every row is answered")
    kept = versions(reading.workspace)
    router = kept.router(kept.bundle(ref))
    answers = _file(reading, kept, file) if file else _ledger(reading.workspace, since or "7d", until)
    report = answer_again(answers, router)
    if rows is not None:
        _write(rows, report["disagreements"])
    if html is not None:
        _page(report).write(html)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _show(report, Console())


def moment(text: str, now: datetime | None = None) -> datetime:
    """A time, or how long ago.

    >>> moment("7d", datetime(2026, 11, 22, tzinfo=UTC)).isoformat()
    '2026-11-15T00:00:00+00:00'
    """
    ago = _AGO.fullmatch(text.strip())
    if ago:
        return (now or datetime.now(UTC)) - timedelta(hours=int(ago[1]) * _HOURS[ago[2]])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise LedgerError(f"'{text}' is no time; write 7d, 12h, 2w, or like 2026-11-22T09:30:00+08:00") from None
    return found.astimezone() if found.tzinfo is None else found


def _ledger(workspace: Workspace, since: str, until: str | None) -> Iterator[Answer]:
    start, end = moment(since), moment(until) if until else None
    ledger = Ledger.open(workspace.ledger_url)
    try:
        yield from from_ledger(answers_since(ledger, start, end))
    finally:
        ledger.close()


def _file(reading: Reading, kept: Versions, file: Path) -> Iterator[Answer]:
    found = dataclasses.replace(reading, taxonomy=None).records([file])
    for line in found.report():
        click.echo(line, err=True)
    return from_records(found.records, kept.router(kept.bundle("champion")))


def _write(path: Path, disagreements: list[dict[str, Any]]) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            for row in disagreements:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise RecordsError(f"{path}: cannot be written ({error.strerror})") from None


def _headline(report: dict[str, Any]) -> str:
    share = report["changed"] / report["answers"] if report["answers"] else 0.0
    by = ", ".join(f"{name} {n:,}" for name, n in report["changed_by"].items())
    return f"{report['answers']:,} answers replayed with {report['model']}: {report['changed']:,} differ ({share:.1%}): {by}"


def _show(report: dict[str, Any], console: Console) -> None:
    console.print(Text(_headline(report)), soft_wrap=True)
    for title in ("tags", "urgency", "decisions", "queues"):
        table = Table("then", "now", "n", title=title, title_justify="left", box=None, pad_edge=False)
        for pair in report[title][:SHOWN]:
            table.add_row(Text(str(pair["then"])), Text(str(pair["now"])), f"{pair['n']:,}")
        if report[title]:
            console.print(table)
    found = report["disagreements"]
    if found:
        console.print(Text("to review first, by what they would teach"))
    for row in found[:SHOWN]:
        then, now = row["then"], row["now"]
        said = f"{then['tag']} → {now['tag']}, {then['urgency']} → {now['urgency']}"
        text = " ".join(row["text"].split())
        console.print(
            Text(f"  {row['worth']:.2f} [{row['place']}] {said}: {text[:60]}{'…' * (len(text) > 60)}"), soft_wrap=True
        )
    if len(found) > SHOWN:
        console.print(Text(f"  … and {len(found) - SHOWN} more (--rows, --html, --json)"))


def _page(report: dict[str, Any]) -> Page:
    page = Page(f"Replay with {report['model']}", _headline(report))
    for title in ("tags", "urgency", "decisions", "queues"):
        page.table(title, ("then", "now", "n"), [(pair["then"], pair["now"], pair["n"]) for pair in report[title]])
    columns = ("worth", "text", "then", "now", "urgency", "where")
    page.table("To review, by what they would teach", columns, map(_cells, report["disagreements"]))
    return page


def _cells(row: dict[str, Any]) -> list[Any]:
    then, now = row["then"], row["now"]
    said = [f"{one['tag']} {one['probability'] or 0:.2f} ({one['decision']})" for one in (then, now)]
    return [
        Cell(f"{row['worth']:.2f}", "n"),
        Cell(row["text"], "text"),
        *said,
        f"{then['urgency']} → {now['urgency']}",
        row["place"],
    ]

"""`paidan corrections`: what readers changed goes out, what became of tickets comes in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from paidan.ledger.ledger import Ledger
from paidan.workspace import Workspace
from train.closed_file import Translate, closed_rows
from train.commands.options import workspace_of

_FILE = click.Path(path_type=Path, dir_okay=False)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_HOME = click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="The workspace folder.")
ENOUGH = 0.5


@click.group()
def corrections() -> None:
    """What readers changed (`export`) and what became of closed tickets (`import`).

    Example: paidan corrections import closed.xlsx --source crm-a
    """


@corrections.command("export")
@click.argument("file", type=_FILE)
@click.option("--confirmed", is_flag=True, help="Also the answers that readers left as they were.")
@_HOME
@_JSON
def export_file(file: Path, confirmed: bool, home: Path | None, as_json: bool) -> None:
    """Write corrected messages, masked, as records (JSON Lines) that `paidan train` and `paidan check` read.

    Example: paidan corrections export corrections.jsonl
    """
    ledger = Ledger.open(workspace_of(home).ledger_url)
    try:
        records = ledger.corrections(confirmed=confirmed)
    finally:
        ledger.close()
    with file.open("w", encoding="utf-8") as out:
        for record in records:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    click.echo(json.dumps({"records": len(records)}) if as_json else f"{file}: {len(records):,} records")


@corrections.command("import")
@click.argument("file", type=_FILE)
@click.option("--source", default="local", show_default=True, help="The sending system of rows that name none.")
@click.option("--column", multiple=True, metavar="OURS=THEIRS", help="A column by another name: id=工单号.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of JSON Lines and CSV; often gb18030.")
@click.option("--sheet", help="Of a workbook; default the first.")
@_HOME
@_JSON
def import_file(
    file: Path,
    source: str,
    column: tuple[str, ...],
    encoding: str,
    sheet: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Take in a file of closed tickets: id, and any of tag, queue, urgency, rerouted, closed_at.

    Rows join what was answered by (source, id). They are kept apart from reviews, for who accepts a suggestion has
    not read it again. Importing the file a second time changes nothing. Exit 1 when hardly any row joins.

    Example: paidan corrections import closed.xlsx --source crm-a --column id=工单号 --column queue=处理部门
    """
    workspace = workspace_of(home)
    ledger = Ledger.open(workspace.ledger_url)
    try:
        rows = closed_rows(file, column, encoding, sheet, _translations(workspace))
        found = ledger.import_outcomes(rows, source=source, origin=file.name)
        report = {**vars(found), "share": round(found.share, 6), "first_dispatch": ledger.first_dispatch()}
    finally:
        ledger.close()
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _show(report)
    if found.rows and found.share < ENOUGH:
        click.get_current_context().exit(1)


def _show(report: dict[str, Any]) -> None:
    click.echo(
        f"{report['rows']:,} rows: {report['joined']:,} joined ({report['share']:.1%} of those that could be read)"
    )
    click.echo(f"{report['recorded']:,} said something new, {report['changed']:,} differ from what was answered")
    if report["unknown"]:
        click.echo(f"never answered here: {', '.join(report['unknown'])}. Is --source right?")
    for problem in report["problems"]:
        click.echo(problem)
    if report["refused"] > len(report["problems"]):
        click.echo(f"… and {report['refused'] - len(report['problems'])} more")
    proposed = report["first_dispatch"]["proposed"]
    if proposed["n"]:
        click.echo(
            f"first desk right: {proposed['value']:.1%} of {proposed['n']:,} ({proposed['low']:.1%}–{proposed['high']:.1%})"
        )


def _translations(workspace: Workspace) -> dict[str, Translate]:
    """From names and codes to ids; a word that is neither stays as it is written."""
    taxonomy = workspace.taxonomy()
    queues = {queue.party.name: queue.party.id for queue in workspace.routing(taxonomy, lenient=True).queues.values()}
    tiers = {"高": "high", "中": "medium", "低": "low"}

    def tag(written: str) -> str:
        known = taxonomy.find(written)
        return known.id if known else written

    return {"tag": tag, "queue": lambda word: queues.get(word, word), "urgency": lambda word: tiers.get(word, word)}

"""`paidan history`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from paidan.champion import CONTRACT, read_champion, read_history, serving_at
from paidan.errors import RegistryError
from paidan.main import Context


@click.command()
@click.option("--at", "moment", help="Only what served at this time (ISO 8601).")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def history(context: Context, moment: str | None, as_json: bool) -> None:
    """Who answered when: every registered version and every promotion, by whom, why, and what the gate said.

    Example: paidan history --at 2026-11-22T09:30:00+08:00
    """
    models = context.home / "models"
    if moment is None:
        entries = read_history(models)
    else:
        found = serving_at(models, _time(moment))
        entries = [found] if found else []
    if as_json:
        click.echo(json.dumps(entries, ensure_ascii=False, indent=1))
    elif not entries:
        click.echo("nothing was promoted yet" if moment is None else f"nothing answered at {moment}")
    else:
        champion = read_champion(models)
        _show(entries, champion.sequence if champion else None)


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RegistryError(f"'{text}' is no time; write it like 2026-11-22T09:30:00+08:00") from None
    return moment.astimezone() if moment.tzinfo is None else moment


def _show(entries: list[dict[str, Any]], answering: int | None) -> None:
    table = Table()
    for column in ("since", "event", "version", "by", "why", "gate"):
        table.add_column(column, overflow="fold", no_wrap=column == "since")
    for entry in entries:
        now = answering is not None and entry.get("sequence") == answering
        since = datetime.fromisoformat(entry["since"]).astimezone().isoformat(" ", "seconds")
        cells = (since, entry["event"], entry["version"] + (" ←" if now else ""), entry["by"], entry["why"])
        table.add_row(*map(Text, (*cells, _gate(entry))))
    Console().print(table)


def _gate(entry: dict[str, Any]) -> str:
    """What the gate said, in a word; what a registered version learned from, when it never came to the gate."""
    if entry["event"] == CONTRACT:
        contract = entry["contract"]
        return f"{contract['state']}: {contract['read']} read, {contract['wrong']} wrong"
    gate = entry.get("gate") or {}
    if "passed" in gate:
        refused = "; ".join(gate.get("refusals", ()))
        return f"forced: {refused}" if gate.get("forced") else "passed" if gate["passed"] else "refused"
    if gate.get("skipped"):
        return f"skipped: {gate['skipped']}"
    accuracy = (entry.get("figures") or {}).get("tag.accuracy")
    return f"– (out-of-fold {accuracy:.3f})" if accuracy is not None else "–"

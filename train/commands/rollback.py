"""`paidan rollback`."""

from __future__ import annotations

import json

import click

from paidan.main import Context
from paidan.person import person
from paidan.rollback import roll_back, target
from paidan.workspace import Workspace
from train.registry import Registry


@click.command()
@click.option("--to", metavar="V", help="A version that answered before; default: the one before the present.")
@click.option("--why", default="", help="Why; recorded in the history.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def rollback(context: Context, to: str | None, why: str, as_json: bool) -> None:
    """Returns to a version that answered before, at once and without a gate. Needs no MLflow server.

    Example: paidan rollback --why "高优先级漏判"
    """
    workspace = Workspace(context.home)
    workspace.require()
    registry = Registry(workspace)
    entry = target(workspace.models, to)
    folder = workspace.models / entry["version"]
    if not (folder / "manifest.json").is_file():
        registry.fetch(entry["version"], folder)
    champion = roll_back(workspace.models, entry, by=person(), why=why)
    # The pointer is flipped: what follows takes seconds and may fail.
    notes = registry.follow(champion)
    if as_json:
        found = {"version": champion.version, "since": champion.since, "notes": notes}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for note in notes:
        click.echo(f"note: {note}")
    click.echo(f"{context.home}: version {champion.version} answers again. Running servers swap within a second.")

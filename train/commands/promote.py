"""`paidan promote`."""

from __future__ import annotations

import json

import click

from paidan.main import Context
from paidan.workspace import Workspace
from train.deploy import versions


@click.command()
@click.argument("version", default="challenger")
@click.option("--why", default="", help="Why; recorded in the history.")
@click.option("--force", is_flag=True, help="Promote what the gate refuses; needs --why.")
@click.option("--replace-taxonomy", is_flag=True, help="Once, when the tags are others than the champion's; recorded.")
@click.option("--json", "as_json", is_flag=True, help="Print the promotion as JSON.")
@click.pass_obj
def promote(context: Context, version: str, why: str, force: bool, replace_taxonomy: bool, as_json: bool) -> None:
    """Lets a version answer, unless the gate finds it worse than the one that answers now.

    VERSION is a number or `challenger`, the newest. Bundles in models/ need no MLflow server.

    Example: paidan promote 7 --why "六月的改正"
    """
    workspace = Workspace(context.home)
    workspace.require()
    champion, verdict = versions(workspace).promote(version, why=why, force=force, replace_taxonomy=replace_taxonomy)
    if as_json:
        click.echo(
            json.dumps(
                {"version": champion.version, "since": champion.since, "gate": verdict.to_dict()},
                ensure_ascii=False,
                indent=1,
            )
        )
        return
    for note in verdict.notes:
        click.echo(f"note: {note}")
    if not verdict.passed:
        click.echo("the gate had refused:\n" + "\n".join(f"  - {reason}" for reason in verdict.refusals))
    click.echo(f"{context.home}: version {champion.version} answers now. Running servers swap within a second.")

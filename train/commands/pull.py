"""`paidan pull`."""

from __future__ import annotations

import json
import time

import click

from paidan.errors import PaidanError
from paidan.main import Context
from paidan.workspace import Workspace
from train.deploy import Versions, versions


@click.command()
@click.option("--watch", is_flag=True, help="Go on following until stopped; an outage is told and waited out.")
@click.option(
    "--every", type=click.FloatRange(min=0.2), default=10.0, show_default=True, help="Seconds between two looks."
)
@click.option("--json", "as_json", is_flag=True, help="Print each look that changed something as JSON.")
@click.pass_obj
def pull(context: Context, watch: bool, every: float, as_json: bool) -> None:
    """Follows the registry's alias `champion` into models/, so that servers never need the MLflow server to be up.

    Example: paidan pull --watch --every 5
    """
    workspace = Workspace(context.home)
    workspace.require()
    kept = versions(workspace)
    trouble = ""
    while True:
        try:
            _look(kept, as_json, watch)
            trouble = ""
        except PaidanError as error:
            if not watch:
                raise
            if str(error) != trouble:
                trouble = str(error)
                click.echo(f"{trouble}. What answers goes on answering; the next look is in {every:g} s", err=True)
        if not watch:
            return
        time.sleep(every)


def _look(kept: Versions, as_json: bool, watch: bool) -> None:
    champion = kept.pull()
    if champion is None and watch:
        return
    if as_json:
        changed = champion is not None
        click.echo(json.dumps({"changed": changed, "version": champion.version if champion else None}))
    elif champion is None:
        click.echo("the registry's champion answers here already")
    else:
        click.echo(f"version {champion.version} answers now, as the registry says")

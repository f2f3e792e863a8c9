"""`paidan init`."""

from __future__ import annotations

from pathlib import Path

import click

from paidan.workspace import init_workspace


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Makes a company's own workspace: taxonomy, routing, calendar, starter set and settings, as copies.

    Example: paidan init ~/acme
    """
    workspace = init_workspace(folder.resolve())
    click.echo(f"{workspace.home} is a workspace. Next: paidan --home {workspace.home} train, promote, serve")

"""`paidan serve`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import click

from paidan.champion import read_champion
from paidan.errors import SettingsError
from paidan.main import Context
from paidan.workspace import Workspace
from serve.keys import load_keys

SQLITE_MOST = 2


@click.command()
@click.option(
    "--model", "ref", default="champion", show_default=True, help="`champion`, a version number, or a bundle's path."
)
@click.option("--host", help="Address to listen on; default: the workspace's setting (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; default: the workspace's setting (8000).")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; one or two on SQLite, more on PostgreSQL.")
@click.pass_obj
def serve(context: Context, ref: str, host: str | None, port: int | None, workers: int | None) -> None:
    """Answers over HTTP: the API, its documentation at /docs and the figures at /metrics.

    Example: paidan serve --port 8080
    """
    import uvicorn

    workspace = Workspace(context.home)
    workspace.require()
    settings = workspace.settings
    host, port, workers = host or settings.host, settings.port if port is None else port, workers or settings.workers
    if workers > SQLITE_MOST and workspace.ledger_url.startswith("sqlite"):
        raise SettingsError(
            "workers",
            [
                f"{workers} workers on SQLite wait for one another, up to half a second; one or two are allowed. More need PostgreSQL: database_url"
            ],
        )
    load_keys(workspace.home, host, settings.keys_required)
    os.environ.update(
        {"PAIDAN_HOME": str(workspace.home), "PAIDAN_HOST": host, "PAIDAN_SERVE_MODEL": _model(workspace, ref)}
    )
    figures = tempfile.mkdtemp(prefix="paidan-metrics-") if workers > 1 else None
    if figures:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = figures
    try:
        uvicorn.run(
            "serve.app:from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level=settings.log_level,
            access_log=False,
            timeout_graceful_shutdown=10,
        )
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if figures:
            shutil.rmtree(figures, ignore_errors=True)


def _model(workspace: Workspace, ref: str) -> str:
    """A bundle's folder, or `champion`, which follows the pointer."""
    if ref == "champion":
        champion = read_champion(workspace.models)
        if champion is None:
            click.echo(
                "paidan: there is no champion yet; the server answers 503 until `paidan train` and `paidan promote`",
                err=True,
            )
        return ref
    folder = workspace.models / ref if ref.isdigit() else Path(ref)
    if not (folder / "manifest.json").is_file():
        raise SettingsError(
            "--model",
            [f"'{ref}' is no bundle here. Allowed: champion, a version under {workspace.models}, or a bundle's path"],
        )
    return str(folder.resolve())

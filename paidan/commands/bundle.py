"""`paidan bundle`: carry a version by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from paidan.archive import export_archive, install_archive
from paidan.champion import INSTALLED, note, promote, read_champion, read_history
from paidan.errors import BundleError, RegistryError
from paidan.main import Context
from paidan.person import person
from paidan.workspace import Workspace

_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def bundle() -> None:
    """One file that carries a version to a machine without a network: `export` there, `install` here.

    Example: paidan bundle export paidan-7.tar.gz --model 7
    """


@bundle.command()
@click.argument("file", type=_FILE)
@click.option(
    "--model",
    "ref",
    default="champion",
    show_default=True,
    help="`champion`, a version in models/, or a bundle's path.",
)
@_JSON
@click.pass_obj
def export(context: Context, file: Path, ref: str, as_json: bool) -> None:
    """Writes a version into FILE.

    Example: paidan bundle export paidan-7.tar.gz --model 7
    """
    folder = _folder(Workspace(context.home), ref)
    digest = export_archive(folder, file)
    found = {"file": str(file), "bytes": file.stat().st_size, "digest": digest, "bundle": str(folder)}
    _say(as_json, found, f"{folder} → {file} ({found['bytes']:,} bytes, digest {digest[:16]})")


@bundle.command()
@click.argument("file", type=_FILE)
@click.option(
    "--promote", "at_once", is_flag=True, help="Let it answer at once, without this machine's gate; needs --why."
)
@click.option("--why", default="", help="Why; recorded in the history.")
@_JSON
@click.pass_obj
def install(context: Context, file: Path, at_once: bool, why: str, as_json: bool) -> None:
    """Unpacks FILE into models/, every digest checked. `paidan promote V` then puts it to the gate.

    Example: paidan bundle install paidan-7.tar.gz
    """
    workspace = Workspace(context.home)
    workspace.require()
    if at_once and not why.strip():
        raise RegistryError('`--promote` goes past the gate and needs a reason that is recorded: --why "…"')
    version, digest = install_archive(file, workspace.models)
    known = any(entry["version"] == version and entry["digest"] == digest for entry in read_history(workspace.models))
    if not known:
        note(workspace.models, INSTALLED, version, digest, by=person(), why=why, file=file.name)
    if at_once:
        promote(
            workspace.models, version, digest, by=person(), why=why, gate={"skipped": f"installed from {file.name}"}
        )
    found: dict[str, Any] = {"version": version, "digest": digest, "promoted": at_once}
    after = "answers now" if at_once else f"is installed. Next: paidan promote {version}"
    _say(as_json, found, f"{context.home}: version {version} {after}")


def _folder(workspace: Workspace, ref: str) -> Path:
    if ref == "champion":
        champion = read_champion(workspace.models)
        if champion is None:
            raise RegistryError("there is no champion yet. `paidan train`, then `paidan promote`")
        return workspace.models / champion.version
    for folder in (workspace.models / ref, Path(ref)):
        if (folder / "manifest.json").is_file():
            return folder
    raise BundleError(
        f"'{ref}' is no bundle here. Allowed: champion, a version in {workspace.models}, or a bundle's path"
    )


def _say(as_json: bool, found: dict[str, Any], sentence: str) -> None:
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else sentence)

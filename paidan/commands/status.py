"""`paidan status`."""

from __future__ import annotations

import json
import shutil
from typing import Any

import click

from paidan.champion import read_champion
from paidan.errors import PaidanError
from paidan.ledger.condition import condition
from paidan.main import Context
from paidan.settings import load_settings
from paidan.workspace import Workspace


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """What is set and from where, who answers, the contract's state, calendar, ledger and disk.

    Example: paidan --home ~/acme status
    """
    workspace = Workspace(context.home)
    workspace.require()
    found = describe(workspace)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    click.echo(f"workspace   {found['workspace']}")
    for name, setting in found["settings"].items():
        click.echo(f"  {name:<20} {setting['value']!s:<28} {setting['from']}")
    champion = found["champion"]
    click.echo(
        f"champion    {champion['version']} since {champion['since']} by {champion['by']}"
        if champion
        else "champion    none yet: paidan train, then paidan promote"
    )
    click.echo(
        f"contract    {found['contract']['state']} ({found['contract']['read']} read, {found['contract']['wrong']} wrong)"
    )
    click.echo(f"taxonomy    {found['taxonomy']}")
    click.echo(f"routing     {found['routing']}")
    click.echo(f"calendar    known to {found['calendar_end'] or 'no year: weekends only'}")
    click.echo(
        f"ledger      {found['ledger']['where']} ({found['ledger']['bytes']:,} bytes; journal {found['ledger']['journal_bytes']:,} bytes)"
    )
    click.echo(
        f"kept in     {found['ledger']['state']} ({found['ledger']['backlog']:,} wait in the journal)"
        + (f": {found['ledger']['trouble']}" if found["ledger"]["trouble"] else "")
    )
    click.echo(f"disk        {found['disk_free_gb']} GB free")


def describe(workspace: Workspace) -> dict[str, Any]:
    """Everything that `status` says. What is broken is named instead of hiding the rest."""
    settings, origins = load_settings(workspace.home)
    champion = read_champion(workspace.models)
    contract = champion.contract if champion else None
    ledger, journal = workspace.home / "ledger.db", workspace.home / "journal"
    end = workspace.workdays().end
    return {
        "workspace": str(workspace.home),
        "settings": {
            name: {"value": _shown(name, value), "from": origins[name]} for name, value in settings.model_dump().items()
        },
        "champion": {"version": champion.version, "since": champion.since, "by": champion.by, "why": champion.why}
        if champion
        else None,
        "contract": {"state": contract.state, "read": contract.read, "wrong": contract.wrong}
        if contract
        else {"state": "trial", "read": 0, "wrong": 0},
        "taxonomy": _or_problem(
            lambda: f"{len(workspace.taxonomy().tags)} tags, version {workspace.taxonomy().version}"
        ),
        "routing": _or_problem(lambda: f"{len(workspace.routing(workspace.taxonomy()).queues)} queues"),
        "calendar_end": end.isoformat() if end else None,
        "ledger": {
            **condition(workspace.ledger_url, journal),
            "where": _shown("database_url", workspace.ledger_url),
            "bytes": ledger.stat().st_size if ledger.is_file() else 0,
            "journal_bytes": sum(path.stat().st_size for path in journal.glob("*") if path.is_file())
            if journal.is_dir()
            else 0,
        },
        "disk_free_gb": round(shutil.disk_usage(workspace.home).free / 1e9, 1),
    }


def _shown(name: str, value: Any) -> Any:
    """A setting as it may be shown: never a password."""
    if name == "database_url" and isinstance(value, str) and "@" in value:
        scheme, _, rest = value.partition("://")
        return f"{scheme}://…@{rest.rsplit('@', 1)[1]}"
    return value


def _or_problem(read: Any) -> str:
    try:
        return str(read())
    except PaidanError as error:
        return f"broken: {error}"

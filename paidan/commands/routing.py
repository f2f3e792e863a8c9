"""`paidan routing`: look a routing table over before it routes anything."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from paidan.errors import Findings, RoutingError
from paidan.routing import RoutingTable
from paidan.taxonomy import Taxonomy
from paidan.terms import TIERS
from paidan.workdays import Workdays

_HOME = click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="The workspace folder.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_FAILED = 1


@click.group()
def routing() -> None:
    """Which desk gets what, and by when: `check` the table, `try` a message.

    Example: paidan routing check
    """


@routing.command()
@_HOME
@_JSON
def check(home: Path | None, as_json: bool) -> None:
    """Say everything that is wrong with datasets/routing.yaml and holidays.yaml; exit 1 when something is.

    Example: paidan routing check
    """
    folder = _home(home)
    problems: list[str] = []
    parts: list[Any] = []
    for read in (_taxonomy, _workdays):
        try:
            parts.append(read(folder))
        except Findings as error:
            problems += [f"{error.where}: {problem}" for problem in error.problems]
    table = None
    if len(parts) == 2:
        try:
            table = RoutingTable.load(folder / "routing.yaml", *parts)
        except Findings as error:
            problems += [f"{error.where}: {problem}" for problem in error.problems]
    report: dict[str, Any] = {"ok": not problems, "problems": problems}
    if table is not None:
        report |= _summary(table, parts[0])
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _say(report)
    if problems:
        click.get_current_context().exit(_FAILED)


@routing.command("try")
@click.option("--tag", help="A tag's id, name or code; without it, as for a message that no tag fits.")
@click.option("--tier", type=click.Choice(TIERS), required=True, help="How urgent it is.")
@click.option("--kind", type=click.Choice(("complaint", "inquiry", "suggestion")), help="What it is; none by default.")
@click.option("--scope", help="Why no tag fits: noise, praise, other_language, other_grievance.")
@click.option("--channel", help="phone, app, web, email, social, store, hotline or another word.")
@click.option("--field", "fields", multiple=True, metavar="KEY=VALUE", help="A field of the sender's; may be repeated.")
@click.option("--at", "moment", metavar="ISO", help="When it came in; default: now.")
@click.option(
    "--decision",
    type=click.Choice(("auto", "suggest", "human")),
    default="auto",
    show_default=True,
    help="What was decided; only auto goes to the tag's desk.",
)
@_HOME
@_JSON
def try_route(
    tag: str | None,
    tier: str,
    kind: str | None,
    scope: str | None,
    channel: str | None,
    fields: tuple[str, ...],
    moment: str | None,
    decision: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Show where a message of this tag and tier would go, and by when.

    Example: paidan routing try --tag product.battery --tier medium --at 2026-11-20T17:50
    """
    folder = _home(home)
    taxonomy = _taxonomy(folder)
    found = taxonomy.find(tag) if tag else None
    if tag and found is None:
        nearest = taxonomy.nearest(tag)
        hint = f" Did you mean '{nearest}'?" if nearest else ""
        raise RoutingError("--tag", [f"'{tag}' is not in the taxonomy.{hint}"])
    table = RoutingTable.load(folder / "routing.yaml", taxonomy, _workdays(folder))
    route = table.route(
        tag=found.id if found else None,
        category=found.category.id if found and found.category else None,
        tier=tier,
        kind=kind,
        scope=scope,
        channel=channel,
        fields=_fields(fields),
        decision=decision,
        received_at=_moment(moment),
    ).to_dict()
    if as_json:
        click.echo(json.dumps(route, ensure_ascii=False, indent=1))
        return
    for key, value in route.items():
        shown = f"{value['name']} ({value['id']})" if isinstance(value, dict) else "–" if value is None else value
        click.echo(f"{key:<12} {shown}")


def _home(given: Path | None) -> Path:
    """The folder with the workspace's files: `--home`, what the outer command says, PAIDAN_HOME, or here."""
    outer = getattr(click.get_current_context().obj, "home", None)
    home = given or outer or Path(os.environ.get("PAIDAN_HOME") or Path.cwd())
    return Path(home) / "datasets"


def _taxonomy(folder: Path) -> Taxonomy:
    return Taxonomy.load(folder / "taxonomy.yaml")


def _workdays(folder: Path) -> Workdays:
    return Workdays.load(folder / "holidays.yaml")


def _summary(table: RoutingTable, taxonomy: Taxonomy) -> dict[str, Any]:
    named = {tag for rule in table.rules for tag in rule.tags}
    return {
        "warnings": list(table.warnings),
        "queues": len(table.queues),
        "rules": len(table.rules),
        "cues": len(table.cues.rules),
        "default": table.queues[table.default].party.to_dict(),
        "tags_left_to_default": [tag for tag in taxonomy.ids if tag not in named],
        "calendar_end": table.workdays.end and table.workdays.end.isoformat(),
        "digest": table.digest,
    }


def _say(report: dict[str, Any]) -> None:
    for problem in report["problems"]:
        click.echo(problem, err=True)
    if report["problems"]:
        click.echo(f"{len(report['problems'])} to put right", err=True)
        return
    for warning in report["warnings"]:
        click.echo(f"warning: {warning}")
    if report["tags_left_to_default"]:
        click.echo(
            f"no rule names {', '.join(report['tags_left_to_default'])}: these go to {report['default']['name']}"
        )
    end = report["calendar_end"] or "no year"
    click.echo(
        f"in order: {report['queues']} queues, {report['rules']} rules, {report['cues']} cues; "
        f"holidays and 调休 are known up to {end}"
    )


def _moment(written: str | None) -> datetime:
    if written is None:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        raise RoutingError("--at", [f"'{written}' is no time; write it like 2026-11-20T17:50:00+08:00"]) from None


def _fields(written: tuple[str, ...]) -> dict[str, str]:
    pairs = [item.partition("=") for item in written]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise click.BadParameter(f"'{key}' is no KEY=VALUE, like region=华东", param_hint="--field")
    return {key: value for key, _, value in pairs}

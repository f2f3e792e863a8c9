"""`paidan taxonomy`: surgery on the tags, with its impact estimated before it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from paidan.champion import read_champion
from paidan.main import Context
from paidan.migrations import FOLDER, Migrations
from paidan.workspace import Workspace
from train import surgery
from train.deploy import versions
from train.honest import Honest, read_honest
from train.impact import flags, impact

_FOUND_WANTING = 1


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print as JSON."),
        click.option("--yes", is_flag=True, help="Do it. Without this only what would happen is said."),
        click.option("--why", default="", help="Why; recorded in the migration."),
    ):
        command = option(command)
    return click.pass_obj(command)


@click.group()
def taxonomy() -> None:
    """Change tags without losing what was labelled: rename, retire, add, merge; check finds what needs it.

    Each change is a file in datasets/migrations/. Ids are never used again; old ones go on being understood.

    Example: paidan taxonomy check
    """


@taxonomy.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def check(context: Context, as_json: bool) -> None:
    """Flags tags that overlap, that are never predicted or have no records; exit 1 when some are never predicted.

    Example: paidan taxonomy check --json
    """
    workspace = Workspace(context.home)
    tags = workspace.taxonomy()
    done = Migrations.read(workspace.datasets / FOLDER)
    found = flags(_honest(workspace), tags) | {
        "tags": len(tags.tags),
        "aliases": dict(tags.aliases),
        "retired": list(done.retired),
    }
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _show_flags(found)
    if found["never_predicted"]:
        raise SystemExit(_FOUND_WANTING)


@taxonomy.command()
@click.argument("tag")
@click.option("--id", "new_id", metavar="NEW", help="Its new id.")
@click.option("--name", metavar="NAME", help="What staff read from now on.")
@_options
def rename(
    context: Context, tag: str, new_id: str | None, name: str | None, why: str, yes: bool, as_json: bool
) -> None:
    """Gives a tag another id or name. Records are relabelled; clients that send the old one are understood.

    Example: paidan taxonomy rename product.display --id product.screen --name 产品故障-屏幕 --yes
    """
    _do(surgery.rename(Workspace(context.home), tag, new_id, name), why, yes, as_json)


@taxonomy.command()
@click.argument("tag")
@click.option(
    "--out-of-scope",
    "outside",
    is_flag=True,
    help="Its records are out of scope from now on, instead of waiting for a reader.",
)
@_options
def retire(context: Context, tag: str, outside: bool, why: str, yes: bool, as_json: bool) -> None:
    """Takes a tag away. Its records wait in datasets/relabel/ to be labelled anew.

    Example: paidan taxonomy retire service.language-barrier --why "一年三条" --yes
    """
    _do(surgery.retire(Workspace(context.home), tag, outside=outside), why, yes, as_json)


@taxonomy.command()
@click.argument("tags", nargs=-1, required=True)
@click.option("--into", required=True, metavar="TAG", help="One of them, another tag, or a new id.")
@click.option("--name", metavar="NAME", help="What staff read; needed for a new id.")
@click.option("--definition", metavar="TEXT", help="What belongs.")
@_options
def merge(
    context: Context,
    tags: Sequence[str],
    into: str,
    name: str | None,
    definition: str | None,
    why: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Makes one tag of several. Records are relabelled; the old ids mean the new tag.

    Example: paidan taxonomy merge service.no-response service.bot-loop --into service.unreachable --name 服务问题-找不到人 --yes
    """
    _do(surgery.merge(Workspace(context.home), tags, into, name, definition), why, yes, as_json)


@taxonomy.command()
@click.argument("tag")
@click.option("--name", required=True, metavar="NAME", help="What staff read.")
@click.option("--definition", default="", metavar="TEXT", help="What belongs.")
@click.option("--category", metavar="ID", help="Default: what stands before the first dot of the id.")
@click.option("--near", multiple=True, metavar="TAG", help="A tag that held its messages so far.")
@click.option(
    "--words", multiple=True, metavar="WORD", help="Records of --near tags with this word wait to be labelled anew."
)
@_options
def add(
    context: Context,
    tag: str,
    name: str,
    definition: str,
    category: str | None,
    near: Sequence[str],
    words: Sequence[str],
    why: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Adds a tag, and queues records of its neighbours that may belong to it.

    Example: paidan taxonomy add process.e-invoice --name 流程问题-电子发票 --near process.invoice --words 电子发票 --yes
    """
    planned = surgery.add(Workspace(context.home), tag, name, definition, category=category, near=near, words=words)
    _do(planned, why, yes, as_json)


def _do(planned: surgery.Surgery, why: str, yes: bool, as_json: bool) -> None:
    """Say what would happen; do it when told to."""
    answers = _honest(planned.workspace)
    estimated = impact(answers, planned.moved, planned.gone) if answers and (planned.moved or planned.gone) else None
    records = planned.records()
    rules = _routing(planned)
    found: dict[str, Any] = {
        "applied": yes,
        "operation": planned.migration.operation,
        "old": list(planned.migration.old),
        "new": planned.migration.new,
        "added": list(planned.migration.added),
        "records": records,
        "impact": estimated,
        "routing": rules,
    }
    if yes:
        short = {} if estimated is None else {"accuracy": estimated["accuracy"], "answers": estimated["answers"]}
        found["migration"] = planned.apply(why, short)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    click.echo(f"{records['relabelled']:,} starter records relabelled, {records['queued']:,} queued for a reader")
    click.echo(_estimate(estimated, planned))
    for line in rules:
        click.echo(f"routing: {line}")
    if yes:
        click.echo(f"done: datasets/migrations/{planned.migration.file}. Next: paidan train")
    else:
        click.echo("nothing was changed; --yes does it")


def _estimate(found: dict[str, Any] | None, planned: surgery.Surgery) -> str:
    if found is None:
        if planned.moved or planned.gone:
            return "impact: unknown; no out-of-fold answers are kept here (`paidan train` keeps them)"
        return (
            "impact: none on what is answered today"
            if not planned.migration.added
            else "impact: known once records are labelled"
        )
    share = found["accuracy"]
    if share["delta"]["value"] is None:
        return "impact: no message would keep a tag"
    return (
        f"impact, estimated on {share['before']['n']:,} out-of-fold answers: right {share['before']['value']:.1%} → "
        f"{share['now']['value']:.1%} ({share['delta']['value'] * 100:+.2f} points, 95 % {share['delta']['low'] * 100:+.2f} to "
        f"{share['delta']['high'] * 100:+.2f}); {found['without_a_tag']:,} messages would have no tag"
    )


def _routing(planned: surgery.Surgery) -> list[str]:
    """What the routing table loses: rules that name a tag which is gone."""
    aliases = {**planned.workspace.taxonomy().aliases, **planned.moved}
    tags = planned.text.taxonomy
    after = type(tags)(tags.version, tags.tags, aliases)
    return list(planned.workspace.routing(after, lenient=True).warnings)


def _honest(workspace: Workspace) -> tuple[Honest, ...]:
    """The champion's out-of-fold answers, under the tags of today."""
    workspace.require()
    champion = read_champion(workspace.models)
    if champion is None:
        return ()
    tags = workspace.taxonomy()

    def today(label: str) -> str:
        found = tags.find(label)
        return found.id if found else label

    return tuple(
        Honest(
            one.mark,
            today(one.tag) if one.tag else None,
            tuple(map(today, one.also)),
            tuple((today(label), share) for label, share in one.shares),
            one.urgency,
            one.tier,
        )
        for one in read_honest(versions(workspace).honest_file(champion.version))
    )


def _show_flags(found: dict[str, Any]) -> None:
    click.echo(f"{found['tags']} tags, {len(found['aliases'])} earlier ids understood, {len(found['retired'])} retired")
    if not found["answers"]:
        click.echo(
            "no out-of-fold answers of the champion are kept here: nothing can be said of overlap. `paidan train`"
        )
        return
    for row in found["overlapping"]:
        gain = row["if_merged"]["value"]
        click.echo(
            f"overlapping: {row['tags'][0]} and {row['tags'][1]}: {row['confused']} taken for one another "
            f"({row['share']:.0%} of both); merged, {gain * 100:+.2f} points"
        )
    for name in ("never_predicted", "without_records"):
        if found[name]:
            click.echo(f"{name.replace('_', ' ')}: {', '.join(found[name])}")
    if not (found["overlapping"] or found["never_predicted"] or found["without_records"]):
        click.echo("no tag overlaps another, each is predicted")

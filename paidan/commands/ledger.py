"""`paidan ledger`: look after what is kept."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from paidan.errors import LedgerError
from paidan.ledger import retention
from paidan.ledger.backup import TEXT_KEY, read_head
from paidan.ledger.condition import condition
from paidan.ledger.erasure import ERASED, Erased, look_for
from paidan.ledger.journal import Journal
from paidan.ledger.ledger import Ledger
from paidan.ledger.text_key import FILE, TextKey
from paidan.main import Context
from paidan.workspace import Workspace

BACKED_UP, RESTORED = "backed_up", "restored"
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_FOUND_WANTING = 1


@click.group()
def ledger() -> None:
    """What was answered and kept: its state, backups, retention, and erasing a ticket.

    Example: paidan ledger status
    """


@ledger.command()
@click.option("--check", "checked", is_flag=True, help="Also look through the whole database for damage.")
@_JSON
@click.pass_obj
def status(context: Context, checked: bool, as_json: bool) -> None:
    """Where answers are kept now, what waits in the journal, how much there is; exit 1 when something is wrong.

    Example: paidan ledger status --check
    """
    workspace = _workspace(context)
    found: dict[str, Any] = condition(workspace.ledger_url, _journal(workspace))
    problems = [found["trouble"]] if found["trouble"] else []
    problems += [f"{n} lines in journal/{name} need a look" for name, n in found["set_aside"].items()]
    if found["state"] == "database" or (found["backlog"] and not found["trouble"]):
        with _open(workspace) as opened:
            found |= {"rows": opened.counts(), "first_dispatch": opened.first_dispatch()}
            problems += opened.check() if checked else []
    found["problems"] = problems
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        click.echo(f"kept in     {found['state']} ({found['backlog']:,} wait in the journal)")
        for name, count in found.get("rows", {}).items():
            click.echo(f"  {name:<18}{count:>12,}")
        for problem in problems:
            click.echo(f"problem     {problem}")
        if checked and not problems:
            click.echo("checked     in order")
    if problems:
        click.get_current_context().exit(_FOUND_WANTING)


@ledger.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_JSON
@click.pass_obj
def backup(context: Context, file: Path, as_json: bool) -> None:
    """Write everything to FILE (compressed JSON Lines, the same for SQLite and PostgreSQL), while servers go on.

    The file holds masked texts and the workspace's text key: keep it as you keep the ledger.

    Example: paidan ledger backup ledger-2026-11-22.jsonl.gz
    """
    workspace = _workspace(context)
    with _open(workspace) as opened:
        counts = opened.backup(file, TextKey.load(workspace.home).secret.hex())
        opened.event(BACKED_UP, _who(), {"file": str(file.resolve()), "predictions": counts["predictions"]})
    said = (
        f"{file}: {counts['predictions']:,} predictions, {counts['reviews']:,} reviews, {counts['outcomes']:,} outcomes"
    )
    _say(as_json, {"file": str(file), "rows": counts}, said)


@ledger.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Replace a ledger that is not empty.")
@_JSON
@click.pass_obj
def restore(context: Context, file: Path, yes: bool, as_json: bool) -> None:
    """Replace the ledger by a backup, of this or an older Paidan, from either database.

    What was erased since the backup is erased again. If anything goes wrong, the ledger is as before.

    Example: paidan ledger restore ledger-2026-11-22.jsonl.gz --yes
    """
    workspace = _workspace(context)
    head = read_head(file)
    key = TextKey.load(workspace.home)
    with _open(workspace) as opened:
        there = opened.counts()["predictions"]
        if there and not yes:
            raise LedgerError(f"the ledger holds {there:,} predictions, which {file} would replace. Say --yes to do so")
        erased = {event["details"]["digest"] for event in opened.events(ERASED)}
        report = opened.restore(file)
        again = opened.erase_again(erased, key.of_ticket, _who())
        opened.event(RESTORED, _who(), {"made_at": head["made_at"], "erased_again": again})
    if head[TEXT_KEY]:
        TextKey(bytes.fromhex(head[TEXT_KEY])).restore(workspace.home)
    said = f"restored {report['counts'].get('predictions', 0):,} predictions as of {head['made_at']}; erased again: {again}. Restart the servers"
    _say(as_json, {"rows": report["counts"], "made_at": head["made_at"], "erased_again": again}, said)


@ledger.command()
@click.argument("id")
@click.option("--source", default="local", show_default=True, help="The sending system.")
@_JSON
@click.pass_obj
def erase(context: Context, id: str, source: str, as_json: bool) -> None:
    """Erase a ticket from the ledger and the journal, and look for it in every file of the workspace.

    Exit 1 when a file still holds it; the files are named.

    Example: paidan ledger erase T-1001 --source crm-a
    """
    workspace = _workspace(context)
    with _open(workspace) as opened:
        # The journal first: what is replayed meanwhile is erased from the database.
        lines, drafts = Journal(_journal(workspace)).erase(source, id)
        found = opened.erase(source, id, _who(), TextKey.load(workspace.home).of_ticket(source, id))
        backups = [event["details"]["file"] for event in opened.events(BACKED_UP)]
    ids = (*found.prediction_ids, *(draft.prediction_id for draft in drafts))
    texts = (*found.texts, *(draft.entry.masked_text for draft in drafts))
    traces = Erased(source, id, found.counts, ids, texts).traces()
    looked, holding = look_for(traces, workspace.home, [workspace.home / FILE])
    outside = sorted({name for name in backups if Path(name).exists()} - {str(path.resolve()) for path in holding})
    report = {
        "rows": found.counts,
        "journal_lines": lines,
        "files_looked_through": looked,
        "still_in": [str(path.relative_to(workspace.home)) for path in holding],
        "backups": outside,
    }
    said = [
        f"erased      {sum(found.counts.values())} rows, {lines} lines of the journal",
        f"looked      through {looked:,} files of the workspace: " + ("gone" if not holding else "still in"),
        *(f"  {name}" for name in report["still_in"]),  # type: ignore[attr-defined]
        *(f"backup      {name} may hold it; a restore erases it again" for name in outside),
    ]
    _say(as_json, report, "\n".join(said))
    if holding:
        click.get_current_context().exit(_FOUND_WANTING)


@ledger.command()
@click.option("--days", type=click.IntRange(1), help="Keep this many days; default: the setting retention_days.")
@_JSON
@click.pass_obj
def prune(context: Context, days: int | None, as_json: bool) -> None:
    """Remove what was answered longer ago than is kept, with its reviews, outcomes and changes.

    Servers do so by themselves about once an hour when retention_days is set. Export corrections first.

    Example: paidan ledger prune --days 365
    """
    workspace = _workspace(context)
    days = days or workspace.settings.retention_days
    if days is None:
        raise LedgerError("nothing is removed: neither --days nor the setting retention_days says how long to keep")
    with _open(workspace) as opened:
        gone = opened.prune(retention.cutoff(days), _who())
    _say(as_json, gone, "removed     " + ", ".join(f"{count:,} {name}" for name, count in gone.items()))


def _workspace(context: Context) -> Workspace:
    workspace = Workspace(context.home)
    workspace.require()
    return workspace


def _journal(workspace: Workspace) -> Path:
    return workspace.home / "journal"


@contextmanager
def _open(workspace: Workspace) -> Iterator[Ledger]:
    """The workspace's ledger, after what waits in the journal."""
    opened = Ledger.open(workspace.ledger_url)
    try:
        journal = Journal(_journal(workspace))
        if journal.waiting():
            journal.replay(opened.settle)
        yield opened
    finally:
        opened.close()


def _who() -> str:
    return getpass.getuser()


def _say(as_json: bool, report: dict[str, Any], said: str) -> None:
    click.echo(json.dumps(report, ensure_ascii=False, indent=1) if as_json else said)

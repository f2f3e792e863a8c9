"""`paidan contract`: trial, proven or broken."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import click

from paidan.audit import Recount, recount
from paidan.champion import Champion, Contract, change_contract
from paidan.contract import ALARM, PROMISED, PROVEN, TRIAL, proves, still_to_read, switched_off, switched_on
from paidan.errors import ContractError, LedgerError
from paidan.main import Context
from paidan.person import person
from paidan.workspace import Workspace

_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_WHY = click.option("--why", default="", help="Why; recorded in the history.")


@click.group()
def contract() -> None:
    """Whether answers may be routed unattended: proven by reading a blind sample, broken by later audits.

    Example: paidan contract status
    """


@contract.command()
@_JSON
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """The state, what was read, and how many readings are missing. Counts the blind readings made since.

    Example: paidan contract status
    """
    workspace = _workspace(context)
    _tell(recount(workspace), as_json)


@contract.command()
@click.option("--read", type=click.IntRange(0), help="Answers read elsewhere, by hand: in place of what was counted.")
@click.option("--wrong", type=click.IntRange(0), help="How many of them were wrong.")
@_WHY
@_JSON
@click.pass_obj
def on(context: Context, read: int | None, wrong: int | None, why: str, as_json: bool) -> None:
    """Put the contract in force; refused until a sample of would-be-auto answers, drawn at random and read blind, proves it.

    Example: paidan contract on --read 127 --wrong 1 --why "抽样盲读，质检组"
    """
    by_hand = _by_hand(read, wrong, why)
    workspace = _workspace(context)
    found = recount(workspace)

    def change(champion: Champion) -> Contract:
        now = champion.contract
        if by_hand is not None and now.state == TRIAL:
            now = replace(now, read=by_hand[0], wrong=by_hand[1])
        return switched_on(now)

    changed = change_contract(workspace.models, change, by=person(), why=why)
    _tell(replace(found, champion=changed), as_json)


@contract.command()
@_WHY
@_JSON
@click.pass_obj
def off(context: Context, why: str, as_json: bool) -> None:
    """Back to trial: nothing is routed unattended. A proof that did not break still counts.

    Example: paidan contract off --why "新产品线上线，先看两周"
    """
    workspace = _workspace(context)
    try:
        found = recount(workspace)
    except LedgerError as error:
        # Switching off must work while the database is away.
        click.echo(f"the readings could not be counted: {error}", err=True)
        found = None
    changed = change_contract(workspace.models, lambda champion: switched_off(champion.contract), by=person(), why=why)
    _tell(replace(found, champion=changed) if found else Recount(changed, 0, 0), as_json)


def _by_hand(read: int | None, wrong: int | None, why: str) -> tuple[int, int] | None:
    if read is None and wrong is None:
        return None
    if read is None or wrong is None or wrong > read:
        raise click.UsageError("readings by hand are given as --read N --wrong K, K at most N")
    if not why.strip():
        raise ContractError('readings by hand need a reason that is recorded: --why "who read which sample"')
    return read, wrong


def _workspace(context: Context) -> Workspace:
    workspace = Workspace(context.home)
    workspace.require()
    return workspace


def _tell(found: Recount, as_json: bool) -> None:
    said = _described(found)
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    click.echo(f"version {said['version']}: {said['state']} ({said['read']} read, {said['wrong']} wrong)")
    if said["state"] == TRIAL:
        ready = "proven: `paidan contract on` puts it in force"
        missing = f"at least {said['still_to_read']} more to read, none of them wrong"
        click.echo(ready if said["provable"] else missing)
    else:
        click.echo(
            f"audits since: {said['audits']}, {said['audits_wrong']} wrong; alarm {said['alarm']:.2f} of {ALARM:g}"
        )
        if said["state"] != PROVEN:
            click.echo("nothing is routed unattended; `paidan contract off` begins a new trial")
    if said["not_blind"]:
        click.echo(
            f"{said['not_blind']} reviews of its answers are not counted: they were no blind readings (cause `audit`)"
        )


def _described(found: Recount) -> dict[str, Any]:
    contract = found.champion.contract
    return {
        "version": found.champion.version,
        **asdict(contract),
        "promised": PROMISED,
        "provable": proves(contract.read, contract.wrong) and contract.state != "broken",
        "still_to_read": still_to_read(contract),
        "new": found.new,
        "not_blind": found.not_blind,
    }

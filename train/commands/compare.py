"""`paidan compare`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from paidan.bundle import Bundle
from paidan.champion import read_champion
from paidan.errors import RecordsError
from train.commands.options import Reading, reading_options
from train.compare import Compared, compare
from train.compare_page import comparison_page, print_comparison
from train.deploy import Versions, versions
from train.gate_set import GateSet
from train.records import Record


@click.command("compare")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.argument("files", metavar="[FILE…]", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the whole comparison as one HTML page."
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole comparison as JSON.")
@reading_options
def compare_versions(
    before: str, after: str, files: tuple[Path, ...], html: Path | None, as_json: bool, reading: Reading
) -> None:
    """What changes when B takes A's place: rows fixed and broken, tags, urgency, decisions, size and speed.

    A and B are `champion`, `challenger`, a version number, or a bundle's path. Without FILES: the records that both
    put aside for the gate. Versions with other tags are compared on those they share.

    Example: paidan compare champion challenger --html release-note.html
    """
    kept = versions(reading.workspace)
    sides = [_side(kept, ref) for ref in (before, after)]
    records = _records(reading, kept, sides, files)
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as bar:
        task = bar.add_task("answering", total=2 * len(records))
        found = compare(sides[0], sides[1], records, lambda n: bar.advance(task, n))
    if html is not None:
        comparison_page(found).write(html)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    print_comparison(found, Console())
    if html is not None:
        click.echo(f"the whole comparison: {html}")


def _side(kept: Versions, ref: str) -> Compared:
    bundle = kept.bundle(ref)
    folder = Path(ref) if Path(ref).is_dir() and not ref.isdigit() else kept.folder(_number(kept, ref, bundle))
    return Compared(ref, kept.router(bundle), folder)


def _number(kept: Versions, ref: str, bundle: Bundle) -> str:
    champion = read_champion(kept.workspace.models) if ref == "champion" else None
    return champion.version if champion else str(bundle.identity["version"])


def _records(reading: Reading, kept: Versions, sides: list[Compared], files: tuple[Path, ...]) -> tuple[Record, ...]:
    if files:
        console = Console(stderr=True)
        found = dataclasses.replace(reading, taxonomy=None).records(files, need_labels=True)
        for line in found.report():
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        if not found.records:
            raise RecordsError("no record is left to compare on; see the rows above")
        return found.records
    gates = [_gate(kept, side) for side in sides]
    records = gates[0].joined(gates[1])[0].records
    if not records:
        raise RecordsError(
            f"neither {sides[0].ref} nor {sides[1].ref} has gate records here. Name a labelled file: paidan compare A B FILE"
        )
    return records


def _gate(kept: Versions, side: Compared) -> GateSet:
    version = str(side.bundle.identity.get("version", "local"))
    return kept.gate_records(version, side.bundle) if version.isdigit() else GateSet()

"""`paidan bench`."""

from __future__ import annotations

import json

import click
from rich.console import Console

from paidan.errors import RecordsError
from paidan.main import Context
from paidan.workspace import Workspace
from train.bench import LONGEST, SHORTEST, compare, naive_pipeline
from train.deploy import versions
from train.records import read_records


@click.command()
@click.option("--model", "ref", default="champion", show_default=True, help="`champion`, a version number, or a path.")
@click.option(
    "--messages", default=300, show_default=True, type=click.IntRange(50, 5000), help="How many are answered."
)
@click.option("--json", "as_json", is_flag=True, help="Print ratios and times as JSON.")
@click.pass_obj
def bench(context: Context, ref: str, messages: int, as_json: bool) -> None:
    """Measures one full answer beside the naive pipeline (jieba, TF-IDF, logistic regression), in one run.

    Example: paidan bench --json
    """
    workspace = Workspace(context.home)
    kept = versions(workspace)
    router = kept.router(kept.bundle(ref))
    console = Console(stderr=True)
    records = [r for r in read_records(workspace.starter, taxonomy=workspace.taxonomy()).records if r.labels.get("tag")]
    texts = [record.text for record in records if SHORTEST <= len(record.text) <= LONGEST][:messages]
    if len(texts) < messages:
        raise RecordsError(
            f"the starter set holds {len(texts)} messages of 20 to 200 characters; {messages} are needed"
        )
    with console.status("fitting the naive pipeline") as status:
        naive = naive_pipeline([record.text for record in records], [str(record.labels["tag"]) for record in records])
        found = compare(router, naive, texts, status.update)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for name, ratio in found["ratios"].items():
        click.echo(f"{name:<18} {ratio:.1f} times as fast as the naive pipeline")
    for name, time in found["absolute"]["microseconds"].items():
        click.echo(f"{name:<18} {time['median']:,.0f} µs a message ({time['least']:,.0f} – {time['most']:,.0f})")

"""`paidan train`."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from paidan.errors import BundleError, RecordsError, RegistryError
from paidan.taxonomy import Taxonomy
from paidan.workspace import Workspace
from train.commands.options import Reading, max_bad_option, reading_options
from train.evidence import evidence_of
from train.learn import Learned, Lesson, learn
from train.pipeline import export_pipeline
from train.records import RecordSet
from train.registration import Registration
from train.registry import Registry
from train.report import write_report
from train.staging import Stage

STAGES = {
    "reading": "reading the records",
    "features": "learning words and characters",
    "heads": "fitting the heads",
    "folds": "answering each group by a model that never saw it",
    "calibration": "calibrating",
    "decision": "fitting what decides",
    "adaptation": "adapting to unlabelled texts",
    "evaluation": "measuring served answers",
    "registry": "registering",
}


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@reading_options
@max_bad_option
@click.option(
    "--bundle", type=click.Path(path_type=Path, file_okay=False), help="Write the bundle into this folder too."
)
@click.option("--no-registry", is_flag=True, help="Only the bundle: learn from every record, register nothing.")
@click.option("--no-starter", is_flag=True, help="Refuse that the starter set lends heads that the files lack.")
@click.option(
    "--unlabelled",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Texts of your own without labels; their wording is learned if the labelled messages do not fall.",
)
@click.option("--quick", is_flag=True, help="A first look: fewer folds.")
@click.option(
    "--resume", is_flag=True, help="Register what was trained while the MLflow server was away; learn nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
def train(
    files: tuple[Path, ...],
    reading: Reading,
    max_bad: float,
    bundle: Path | None,
    no_registry: bool,
    no_starter: bool,
    unlabelled: Path | None,
    quick: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Learns from labelled files, measures, and registers the candidate as `challenger`.

    Without files: the workspace's starter set. With files: those; heads that they lack are lent by the starter set.

    Example: paidan train tickets.csv --column text=留言详情 --column tag=一级标签 --taxonomy infer
    """
    if resume:
        _resume(reading.workspace, as_json)
        return
    if no_registry and bundle is None:
        raise click.UsageError("--no-registry needs --bundle DIR: otherwise nothing of the training would stay")
    console = Console(stderr=True)
    own = reading.records(files, need_labels=True) if files else reading.starter()
    if not own.records and not own.rejects:
        raise RecordsError(
            f"nothing to learn from: {reading.workspace.datasets / 'starter'} holds no *.jsonl and no file was named"
        )
    _bear(own, max_bad, console)
    starter = () if no_starter or not files else reading.starter().records
    taxonomy = reading.taxonomy or Taxonomy.infer(str(r.labels["tag"]) for r in own.records if r.labels.get("tag"))
    texts = reading.texts([unlabelled]).records if unlabelled else ()
    lesson = Lesson(own.records, starter, taxonomy, reading.heads, not no_registry, quick, texts)
    start = time.perf_counter()
    with console.status("…") as status:

        def progress(stage: str) -> None:
            status.update(f"{STAGES[stage]} ({time.perf_counter() - start:.0f} s)")

        learned = learn(reading.workspace, lesson, progress)
        if bundle is not None:
            _write_bundle(learned, bundle)
        registered = None
        if not no_registry:
            progress("registry")
            registered = _register(reading.workspace, learned)
    seconds = time.perf_counter() - start
    if as_json:
        click.echo(json.dumps(_summary(learned, registered, bundle, seconds), ensure_ascii=False, indent=1))
    else:
        _show(learned, registered, bundle, seconds, Console())


def _bear(found: RecordSet, max_bad: float, console: Console) -> None:
    if not found.rejects:
        return
    for line in found.report():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if found.too_many(max_bad):
        raise RecordsError(
            f"{len(found.rejects)} rows set aside ({found.bad_share:.1%}); up to {max_bad:.1%} are borne. Mend them, or raise --max-bad"
        )


def _write_bundle(learned: Learned, folder: Path) -> None:
    """Write beside the target and swap, so that Ctrl-C leaves the old bundle or the new one."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
        raise BundleError(f"{folder} holds something that is no bundle; name an empty or a new folder")
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    learned.bundle.save(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _register(workspace: Workspace, learned: Learned) -> str:
    """Stage everything on disk, then bring it into the registry."""
    stage = Stage.make(workspace.models, learned.bundle, evidence_of(learned), learned.gate, learned.out_of_fold)
    write_report(learned, stage.files)
    export_pipeline(learned.fitted, stage.files)
    return Registration(Registry(workspace), stage.sealed()).run()


def _resume(workspace: Workspace, as_json: bool) -> None:
    """Register what an outage kept from being registered."""
    workspace.require()
    waiting = Stage.waiting(workspace.models)
    if not waiting:
        raise RegistryError(f"nothing waits in {workspace.models / 'staging'}: every finished training is registered")
    versions = [Registration(Registry(workspace), stage).run() for stage in waiting]
    if as_json:
        click.echo(json.dumps({"versions": versions}))
    else:
        click.echo(f"registered {', '.join(versions)} (challenger: {versions[-1]}). Next: paidan promote")


def _summary(learned: Learned, version: str | None, bundle: Path | None, seconds: float) -> dict[str, Any]:
    return {
        "version": version,
        "bundle": str(bundle) if bundle else None,
        "rows": dict(learned.rows),
        "sources": dict(learned.bundle.identity["sources"]),
        "lent": list(learned.lent),
        "fingerprint": learned.fingerprint,
        "out_of_fold": dict(learned.honest),
        "held_out": dict(learned.metrics),
        "self_training": learned.adaptation.to_dict() if learned.adaptation else None,
        "seconds": round(seconds, 1),
    }


def _show(learned: Learned, version: str | None, bundle: Path | None, seconds: float, console: Console) -> None:
    table = Table(title="out-of-fold: each group answered by a model that never saw it")
    for column in ("head", "accuracy", "95 % interval", "macro-F1", "n"):
        table.add_column(column, justify="left" if column == "head" else "right")
    for head, figures in learned.honest.items():
        share = figures["accuracy"]
        table.add_row(
            head,
            f"{share['value']:.3f}",
            f"{share['low']:.3f} – {share['high']:.3f}",
            f"{figures['macro_f1']:.3f}",
            str(share["n"]),
        )
    console.print(table)
    rows = ", ".join(f"{count:,} {name}" for name, count in learned.rows.items() if count)
    lent = f"; lent by the starter set: {', '.join(learned.lent)}" if learned.lent else ""
    console.print(f"{rows}{lent}; {learned.bundle.features.width:,} features; {seconds:.0f} s", highlight=False)
    if learned.adaptation:
        console.print(str(learned.adaptation), highlight=False)
    if bundle:
        console.print(f"bundle in {bundle}", highlight=False)
    if version:
        console.print(f"registered as version {version} (challenger). Next: paidan promote", highlight=False)

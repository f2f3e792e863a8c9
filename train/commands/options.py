"""Options that every command shares which reads records."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import click

from paidan.taxonomy import Taxonomy
from paidan.workspace import Workspace
from train.columns import parse_columns
from train.profile import BLANK_TAGS, BlankTag, Profile
from train.records import RecordSet, read_records

HEADS = ("tag", "urgency", "kind")
INFER = "infer"
_BODY = ("text", "title", "turns")


@dataclass(frozen=True)
class Reading:
    """How the files of one command are to be read.

    Args:
        taxonomy: None takes tags as they are written.
        heads: the label columns that count.
        rejects: where rows that were set aside are written.
    """

    workspace: Workspace
    profile: Profile
    taxonomy: Taxonomy | None
    heads: tuple[str, ...] = HEADS
    rejects: Path | None = None

    def records(self, paths: Sequence[Path], *, need_labels: bool = False, timezone: tzinfo | None = None) -> RecordSet:
        """Read a company's own files and write what was set aside, if asked to.

        Raises:
            RecordsError: a file cannot be read at all.
        """
        found = read_records(
            paths,
            taxonomy=self.taxonomy,
            heads=self.heads,
            need_labels=need_labels,
            encoding=self.profile.encoding,
            columns=self.profile.columns,
            values=self.profile.values,
            sheet=self.profile.sheet,
            blank_tag=self.profile.blank_tag,
            timezone=timezone or ZoneInfo("Asia/Shanghai"),
        )
        if self.rejects is not None:
            found.write_rejects(self.rejects)
        return found

    def texts(self, paths: Sequence[Path]) -> RecordSet:
        """Read files of which only the texts matter: their tags may be of another taxonomy, or missing."""
        columns = {ours: theirs for ours, theirs in self.profile.columns.items() if ours in _BODY}
        profile = dataclasses.replace(self.profile, columns=columns, values={}, blank_tag="unlabelled")
        return dataclasses.replace(self, profile=profile, taxonomy=None, heads=(), rejects=None).records(paths)

    def starter(self) -> RecordSet:
        """The workspace's starter set, which is in our own format whatever the company's files look like."""
        own = dataclasses.replace(self, profile=Profile())
        return own.records(self.workspace.starter) if self.workspace.starter else RecordSet()


def workspace_of(home: Path | None) -> Workspace:
    """The workspace: of the command's own `--home`, else of the group's (`--home`, PAIDAN_HOME, current folder)."""
    if home is None:
        # Not by the class: under `python -m paidan.main` the group's class is another of the same name.
        home = getattr(click.get_current_context().obj, "home", None) or Path(os.environ.get("PAIDAN_HOME", "."))
    return Workspace(home)


def _tags(taxonomy: str | None, workspace: Workspace) -> Taxonomy | None:
    if taxonomy == INFER:
        return None
    return Taxonomy.load(Path(taxonomy)) if taxonomy else workspace.taxonomy()


def reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the shared options to a command, which gets them as one argument, `reading: Reading`."""

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        column: tuple[str, ...],
        profile: Path | None,
        encoding: str | None,
        sheet: str | None,
        taxonomy: str | None,
        blank_tag: str | None,
        head: tuple[str, ...],
        rejects: Path | None,
        home: Path | None,
        **options: Any,
    ) -> None:
        workspace = workspace_of(home)
        tags = _tags(taxonomy, workspace)
        read = Profile.load(profile) if profile else Profile()
        read = dataclasses.replace(
            read,
            columns={**read.columns, **parse_columns(column)},
            encoding=encoding or read.encoding,
            sheet=sheet or read.sheet,
            blank_tag=cast(BlankTag, blank_tag or read.blank_tag),
        )
        heads = tuple(dict.fromkeys((*HEADS, *head)))
        command(*args, reading=Reading(workspace, read, tags, heads, rejects), **options)

    file = click.Path(path_type=Path, dir_okay=False)
    for option in reversed(
        (
            click.option(
                "--column", multiple=True, metavar="OURS=THEIRS", help="A column by another name: text=留言详情."
            ),
            click.option(
                "--profile", type=file, help="A YAML file with columns, values, encoding, sheet and blank_tag."
            ),
            click.option("--encoding", help="Of JSON Lines and CSV; default utf-8, often gb18030."),
            click.option("--sheet", help="Of a workbook; default the first."),
            click.option(
                "--taxonomy", metavar="FILE|infer", help="Other tags than the workspace's, or those of the files."
            ),
            click.option(
                "--blank-tag", type=click.Choice(BLANK_TAGS), help="What an empty tag cell means; default unlabelled."
            ),
            click.option("--head", multiple=True, metavar="NAME", help="A further label column."),
            click.option("--rejects", type=file, help="Write the rows that were set aside here (.jsonl or .csv)."),
            click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="The workspace folder."),
        )
    ):
        wrapped = option(wrapped)
    return wrapped


def max_bad_option(command: Callable[..., None]) -> Callable[..., None]:
    """The share of rows that may be set aside before a command refuses."""
    share = click.FloatRange(0, 1)
    return click.option(
        "--max-bad", type=share, default=0.01, show_default=True, help="Share of bad rows that is borne."
    )(command)

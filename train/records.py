"""Checked records: messages with what is known of them, and the rows that were set aside."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any

from paidan.errors import MessageError, RecordsError
from paidan.message import Message
from paidan.taxonomy import Taxonomy
from train.columns import describe, message_of
from train.labels import STANDARD_HEADS, Labels
from train.profile import BlankTag
from train.readers import column_of, is_tabular, listed, read_raw
from train.rows import BadRow


@dataclass(frozen=True, slots=True)
class Record:
    """A message and its labels.

    Args:
        labels: by head. A head that is missing is not labelled; `tag: None` is out of scope.
        also: further tags that would be right.
        style: how it is written, for counts and slices; empty when the file does not say.
        group: what must never be split between train and test; None stands alone.
        row: the line of the file it begins on, from 1.
        raw: all columns of the file as they stood, in order.
    """

    message: Message
    labels: Mapping[str, str | None]
    also: tuple[str, ...] = ()
    style: str = ""
    group: str | None = None
    row: int = 0
    file: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The customer's words, title first.

        >>> Record(Message.from_dict({"title": "退款", "text": "三天了还没到"}), {}).text
        '退款\\n三天了还没到'
        """
        return "\n".join(part.text for part in self.message.scored_parts)

    @property
    def place(self) -> str:
        return f"{self.file} line {self.row}"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was set aside. `problem` never holds the text; `raw` does, for `--rejects`."""

    file: str
    row: int
    problem: str
    raw: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.file} line {self.row}: {self.problem}"


@dataclass(frozen=True)
class RecordSet:
    """What files held: records in order, and rejects."""

    records: tuple[Record, ...] = ()
    rejects: tuple[Reject, ...] = ()

    @property
    def bad_share(self) -> float:
        """0: every row was read; 1: none was."""
        rows = len(self.records) + len(self.rejects)
        return len(self.rejects) / rows if rows else 0.0

    def too_many(self, max_bad: float = 0.01) -> bool:
        """Whether more than this share of the rows was set aside."""
        return self.bad_share > max_bad

    def report(self, limit: int = 10) -> list[str]:
        """One line a reject, the first few, and how many more.

        >>> RecordSet((), (Reject("投诉.csv", 18, "text: is empty", {}),)).report()
        ['投诉.csv line 18: text: is empty']
        """
        shown = [str(reject) for reject in self.rejects[:limit]]
        more = len(self.rejects) - limit
        return [*shown, f"… and {more} more"] if more > 0 else shown

    def write_rejects(self, path: Path) -> None:
        """Write the rows that were set aside, each with its place and problem, to be repaired: .jsonl or .csv.

        Raises:
            RecordsError: a file of another kind, or one that cannot be written.
        """
        suffix = path.suffix.lower()
        if suffix not in (".jsonl", ".csv"):
            raise RecordsError(f"{path}: rejects are written to .jsonl or .csv, not '{suffix}'")
        try:
            (_write_csv if suffix == ".csv" else _write_jsonl)(path, self.rejects)
        except OSError as error:
            raise RecordsError(f"{path}: cannot be written ({error.strerror})") from None


def read_records(
    paths: Sequence[Path],
    *,
    taxonomy: Taxonomy | None,
    heads: Sequence[str] = ("tag", "urgency", "kind"),
    need_labels: bool = False,
    encoding: str = "utf-8",
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str | None]] | None = None,
    sheet: str | None = None,
    blank_tag: BlankTag = "unlabelled",
    timezone: tzinfo | None = None,
) -> RecordSet:
    """Read and check files. Bad rows are set aside; bad files are all named at once.

    Args:
        taxonomy: None takes every tag as it is written.
        heads: the label columns that count; `tag`, `urgency`, `kind` and `scope` are read in any case.
        need_labels: set aside rows that carry no label of `heads`.
        columns: our name → the file's name.
        values: our column → the file's word → ours.
        timezone: the zone in which a time without offset is read.

    Raises:
        RecordsError: a file cannot be read at all, or carries no label column though labels are needed.
    """
    labels = Labels(taxonomy, heads, columns or {}, values or {}, blank_tag)
    names = Counter(path.name for path in paths)
    records: list[Record] = []
    rejects: list[Reject] = []
    problems: list[str] = []
    for path in paths:
        label = path.name if names[path.name] == 1 else str(path)
        seen: dict[str, Any] = {}
        try:
            for number, row in read_raw(path, encoding, labels.columns, sheet, label):
                if isinstance(row, BadRow):
                    rejects.append(Reject(label, number, row.problem, row.raw))
                    continue
                seen.update(dict.fromkeys(row))
                found = _record(row, labels, label, number, is_tabular(path), timezone, heads if need_labels else ())
                if isinstance(found, Record):
                    records.append(found)
                else:
                    rejects.append(found)
            problems.extend(_missing_columns(seen, labels, label, heads if need_labels else ()))
        except RecordsError as error:
            problems.append(str(error))
    if problems:
        raise RecordsError("\n".join(problems))
    return RecordSet(tuple(records), tuple(rejects))


def _record(
    row: dict[str, Any],
    labels: Labels,
    file: str,
    number: int,
    tabular: bool,
    zone: tzinfo | None,
    needed: Sequence[str],
) -> Record | Reject:
    found, also, problems = labels.read(row)
    try:
        message = message_of(row, labels, tabular, zone)
    except MessageError as error:
        problems.insert(0, str(error))
    style, group = (describe(row, labels, name, problems) for name in ("style", "group"))
    if needed and not problems and not any(head in found for head in needed):
        problems.append(f"carries no label; at least one of {', '.join(needed)} is needed")
    if problems:
        return Reject(file, number, "; ".join(problems), row)
    return Record(message, found, also, style, group or None, number, file, row)


def _missing_columns(seen: Mapping[str, Any], labels: Labels, file: str, needed: Sequence[str]) -> Iterator[str]:
    """Columns that were named but that no row has, and a file that has none of the labels that are needed."""
    if not seen:
        return
    found = listed(seen)
    for ours, theirs in labels.columns.items():
        if column_of(ours, labels.columns, seen) not in seen:
            yield f"{file}: no column '{theirs}'. Found: {found}. Correct `--column {ours}=…`"
    for head in (head for head in labels.heads if head not in STANDARD_HEADS and head not in labels.columns):
        if needed and head not in seen:
            yield f"{file}: no column '{head}'. Found: {found}. Try `--column {head}=NAME`"
    if needed and not any(column_of(head, labels.columns, seen) in seen for head in needed):
        yield f"{file}: no label column ({', '.join(needed)}). Found: {found}. Try `--column {needed[0]}=NAME`"


def _write_jsonl(path: Path, rejects: Sequence[Reject]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for reject in rejects:
            entry = {"file": reject.file, "row": reject.row, "problem": reject.problem, "raw": dict(reject.raw)}
            line = json.dumps(entry, ensure_ascii=False, default=str)
            try:
                line.encode()
            except UnicodeEncodeError:  # half a surrogate pair can only be written as an escape
                line = json.dumps(entry, default=str)
            file.write(line + "\n")


def _write_csv(path: Path, rejects: Sequence[Reject]) -> None:
    columns = list(dict.fromkeys(name for reject in rejects for name in reject.raw))
    with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "row", "problem", *columns])
        for reject in rejects:
            cells = (reject.raw.get(name, "") for name in columns)
            texts = [
                cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str) for cell in cells
            ]
            writer.writerow([reject.file, reject.row, reject.problem, *texts])

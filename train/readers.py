"""Rows out of files: JSON Lines, CSV and XLSX, chosen by the file's name, one row at a time.

A row that cannot be read is handed on as a `BadRow`, so that the rest goes on; a file that cannot be read at all is a
`RecordsError`. Neither ever repeats what a row holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from paidan.errors import RecordsError
from train.csv_rows import csv_rows
from train.json_rows import json_rows
from train.rows import Row
from train.xlsx_rows import xlsx_rows

JSONL = (".jsonl", ".ndjson")
CSV = (".csv", ".tsv")
XLSX = (".xlsx", ".xlsm")
BODY = ("text", "turns")
_PEEK = 50


def read_raw(
    path: Path,
    encoding: str = "utf-8",
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    label: str | None = None,
) -> Iterator[Row]:
    """Rows of a file with the line they begin on (1 is the first line of the file), as columns by their own names.

    JSON Lines and CSV are streamed; a workbook is read whole. Empty cells are the empty text, and the texts "NA",
    "null" and "None" stay texts.

    Args:
        columns: our name → the file's name, to find the message by.
        label: what to call the file in errors; its name by default.

    Raises:
        RecordsError: the file cannot be read at all: missing, empty, of another kind or encoding, or without the
            column that holds the message.
    """
    label = label or path.name
    columns = columns or {}
    rows = _reader(path, label)(path, encoding, _wanted(columns), sheet, label)
    head = list(itertools.islice(rows, _PEEK))
    if not head:
        raise RecordsError(f"{label}: holds no records")
    _check_columns(label, [row for _, row in head if isinstance(row, dict)], columns, is_tabular(path))
    yield from head
    yield from rows


def is_tabular(path: Path) -> bool:
    """Whether every cell is a text and an empty one means nothing, as in CSV and XLSX."""
    return path.suffix.lower() not in JSONL


def column_of(field: str, columns: Mapping[str, str], row: Mapping[str, Any]) -> str:
    """The row's own name for our `field`; a file that already uses our names is understood beside one that does not.

    >>> column_of("text", {"text": "留言详情"}, {"留言详情": "空调不制冷"})
    '留言详情'
    >>> column_of("text", {"text": "留言详情"}, {"text": "空调不制冷"})
    'text'
    """
    theirs = columns.get(field, field)
    return field if theirs not in row and field in row else theirs


Reader = Callable[[Path, str, Sequence[str], str | None, str], Iterator[Row]]


def _reader(path: Path, label: str) -> Reader:
    suffix = path.suffix.lower()
    readers: dict[tuple[str, ...], Reader] = {JSONL: json_rows, CSV: csv_rows, XLSX: xlsx_rows}
    for suffixes, reader in readers.items():
        if suffix in suffixes:
            if path.is_dir():
                raise RecordsError(f"{label}: is a folder. Name the files in it")
            if not path.exists():
                raise RecordsError(f"{label}: not found")
            return reader
    advice = {
        ".json": "Write one object a line and call it .jsonl",
        ".xls": "Save it as .xlsx",
        ".txt": "Save it as .csv with a header line",
    }.get(suffix, "Save it as one of these")
    allowed = " ".join(itertools.chain(JSONL, CSV, XLSX))
    raise RecordsError(f"{label}: a file of kind '{suffix}' cannot be read; allowed are {allowed}. {advice}")


def _wanted(columns: Mapping[str, str]) -> list[str]:
    return [name for field in BODY for name in dict.fromkeys((columns.get(field, field), field))]


def _check_columns(label: str, rows: Sequence[dict[str, Any]], columns: Mapping[str, str], tabular: bool) -> None:
    """Refuse a file without messages. A table's other mapped columns must be there too: a slip would unlabel it all."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        return
    known = dict.fromkeys(names)
    if not any(column_of(field, columns, known) in known for field in BODY):
        wanted = columns.get("text", "text")
        raise RecordsError(
            f"{label}: no column '{wanted}'. Found: {listed(names)}. Try `--column text={_longest(names, rows)}`"
        )
    if tabular:
        missing = [theirs for ours, theirs in columns.items() if column_of(ours, columns, known) not in known]
        if missing:
            raise RecordsError(f"{label}: no column {listed(missing)}. Found: {listed(names)}. Correct `--column`")


def listed(names: Iterable[str], most: int = 20) -> str:
    """Column names for an error: the first few, each cut short, and how many more.

    >>> listed(["编号", "留言详情"])
    "'编号', '留言详情'"
    """
    names = list(names)
    shown = ", ".join(f"'{name[:40]}'".encode("utf-8", "replace").decode() for name in names[:most])
    return f"{shown} … and {len(names) - most} more" if len(names) > most else shown


def _longest(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """The column whose texts are longest, which is most likely the message."""

    def total(name: str) -> int:
        return sum(len(value) for row in rows if isinstance(value := row.get(name), str))

    return max(names, key=total).encode("utf-8", "replace").decode()

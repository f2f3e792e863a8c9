"""A file of closed tickets, as the sender's system exports it: rows with our names for their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from paidan.errors import RecordsError
from paidan.ledger.outcomes import FIELDS
from train.columns import parse_columns
from train.csv_rows import csv_rows
from train.json_rows import json_rows
from train.readers import CSV, JSONL, XLSX, listed
from train.rows import BadRow
from train.xlsx_rows import xlsx_rows

COLUMNS = ("id", "source", *FIELDS)
# As Chinese ticket systems name them, tried when --column says nothing.
USUAL: dict[str, tuple[str, ...]] = {
    "id": ("工单号", "工单编号", "工单ID", "编号", "单号", "ticket_id"),
    "source": ("来源", "来源系统", "系统"),
    "tag": ("标签", "问题标签", "一级标签", "问题类型", "分类"),
    "queue": ("队列", "处理组", "处理部门", "部门", "承办部门"),
    "urgency": ("紧急程度", "优先级"),
    "rerouted": ("是否转派", "转派", "改派"),
    "closed_at": ("关闭时间", "办结时间", "完成时间"),
}
Translate = Callable[[str], str]


def closed_rows(
    path: Path,
    column: tuple[str, ...] = (),
    encoding: str = "utf-8",
    sheet: str | None = None,
    translate: Mapping[str, Translate] | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows by our names, with the line that each begins on. A row that cannot be read is handed on without an id.

    Args:
        column: `ours=theirs` pairs.
        translate: for each of our fields, from the sender's word to our id.

    Raises:
        RecordsError: the file cannot be read, or no column holds the ticket's id.
    """
    columns = parse_columns(column)
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise RecordsError(f"--column: '{unknown[0]}' is none of {', '.join(COLUMNS)}")
    wanted = [name for name in (columns.get("id"), "id", *USUAL["id"]) if name]
    found: dict[str, str] | None = None
    for number, row in _reader(path)(path, encoding, wanted, sheet, path.name):
        if isinstance(row, BadRow):
            yield number, {}
            continue
        if found is None:
            found = _columns(path.name, columns, row)
        named = {ours: row.get(theirs) for ours, theirs in found.items()}
        for ours, meant in (translate or {}).items():
            if named.get(ours) not in (None, ""):
                named[ours] = meant(str(named[ours]).strip())
        yield number, named


def _reader(path: Path) -> Callable[..., Iterator[tuple[int, dict[str, Any] | BadRow]]]:
    for suffixes, reader in ((XLSX, xlsx_rows), (CSV, csv_rows), (JSONL, json_rows)):
        if path.suffix.lower() in suffixes:
            if not path.is_file():
                raise RecordsError(f"{path}: not found")
            return reader
    raise RecordsError(
        f"{path.name}: a file of kind '{path.suffix}' cannot be read; allowed are {' '.join((*JSONL, *CSV, *XLSX))}"
    )


def _columns(label: str, columns: Mapping[str, str], row: Mapping[str, Any]) -> dict[str, str]:
    """Our name → the file's, for what the file has."""
    missing = [theirs for theirs in columns.values() if theirs not in row]
    if missing:
        raise RecordsError(f"{label}: no column {listed(missing)}. Found: {listed(row)}. Correct `--column`")
    found = {}
    for ours in COLUMNS:
        names = (columns[ours],) if ours in columns else (ours, *USUAL.get(ours, ()))
        theirs = next((name for name in names if name in row), None)
        if theirs is not None:
            found[ours] = theirs
    if "id" not in found:
        raise RecordsError(f"{label}: no column 'id'. Found: {listed(row)}. Say which: `--column id=工单号`")
    return found

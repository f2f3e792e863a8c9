"""Columns into a message: a table knows only cells, a message wants texts, turns and times."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from paidan.errors import SettingsError
from paidan.message import Message
from train.labels import SURROGATE, Labels
from train.readers import column_of

_FIELDS = ("id", "source", "title", "text", "turns", "channel", "received_at", "fields")
_NESTED = ("turns", "fields")
# As spreadsheets in China write a time: 2026/11/2 9:30, 2026年11月2日 09:30:05.
_DATE = re.compile(r"(\d{4})[/年.-](\d{1,2})[/月.-](\d{1,2})日?(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def parse_columns(pairs: Sequence[str]) -> dict[str, str]:
    """`--column ours=theirs`, repeated.

    >>> parse_columns(["text=留言详情", "tag=一级标签"])
    {'text': '留言详情', 'tag': '一级标签'}

    Raises:
        SettingsError: a pair without `=`, or one of our names twice.
    """
    problems: list[str] = []
    columns: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = (piece.strip() for piece in pair.partition("="))
        if not (ours and equals and theirs):
            problems.append(f"'{pair}' is not of the form ours=theirs, like text=留言详情")
        elif ours in columns:
            problems.append(f"'{ours}' is given twice, as '{columns[ours]}' and '{theirs}'")
        else:
            columns[ours] = theirs
    if problems:
        raise SettingsError("--column", problems)
    return columns


def message_of(row: Mapping[str, Any], labels: Labels, tabular: bool, timezone: tzinfo | None) -> Message:
    """The row's message.

    In a table empty cells are absent, numbers are texts, `turns` and `fields` are JSON in a cell, and a time may be
    written as spreadsheets write it.

    Raises:
        MessageError: names our field, never the text.
    """
    entry: dict[str, Any] = {}
    for field in _FIELDS:
        column = column_of(field, labels.columns, row)
        if column in row:
            value = row[column]
            entry[field] = _cell(field, value) if tabular else value
    if tabular:
        entry = {field: value for field, value in entry.items() if value != "" or field == "text"}
        if "turns" in entry and entry.get("text") == "":
            del entry["text"]
    if "channel" in labels.values and "channel" in entry:
        entry["channel"] = labels.translate("channel", entry["channel"])
    return Message.from_dict(entry, timezone)


def describe(row: Mapping[str, Any], labels: Labels, name: str, problems: list[str]) -> str:
    """A descriptive cell (`style`, `group`) as a text; empty when there is none."""
    value = labels.translate(name, row.get(column_of(name, labels.columns, row)))
    if value is None or (isinstance(value, str) and not SURROGATE.search(value)):
        return value or ""
    problems.append(f"{name}: expected a text of valid Unicode")
    return ""


def _cell(field: str, value: Any) -> Any:
    if field == "received_at":
        return _time(value) if isinstance(value, str) else value
    if isinstance(value, bool):
        value = "TRUE" if value else "FALSE"
    elif not isinstance(value, str):
        value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if field in _NESTED and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _time(cell: str) -> str:
    """An ISO 8601 text for a time as spreadsheets write it; anything else is left for the message to judge."""
    match = _DATE.fullmatch(cell.strip())
    if not match:
        return cell.strip()
    year, month, day, hour, minute, second = (int(piece or 0) for piece in match.groups())
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"

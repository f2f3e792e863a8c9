"""The closed tickets of a sender's system, joined to what was answered by (source, id)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from paidan.errors import LedgerError
from paidan.ledger.outcomes import FIELDS, record

AT_ONCE = 500
SHOWN = 10
_WHOLE = re.compile(r"\d+\.0")
_YES = ("true", "yes", "y", "1", "是", "对", "有")
_NO = ("false", "no", "n", "0", "否", "不", "无")
Write = Callable[[Callable[[Connection], Any]], Any]


@dataclass
class Imported:
    """What an import did.

    Args:
        joined: rows whose ticket was answered here.
        recorded: rows that said something new.
        changed: rows that differ from what was answered, and so reach `changes`.
        unknown: the first ids that were never answered here.
        problems: what is wrong with rows that were left out, the first ten.
    """

    rows: int = 0
    joined: int = 0
    recorded: int = 0
    changed: int = 0
    refused: int = 0
    unknown: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the rows that could be read, those that joined: 1 all, 0 none."""
        read = self.rows - self.refused
        return self.joined / read if read else 0.0


def import_rows(rows: Iterable[tuple[int, Mapping[str, Any]]], source: str, write: Write, origin: str) -> Imported:
    """Record the outcomes of rows with the columns `id` and any of `source` and the outcome's fields.

    Args:
        rows: with the line that each begins on.
        source: of rows that name none.
        write: runs a piece of work in one transaction.
    """
    imported = Imported()
    numbered = iter(rows)
    while some := list(itertools.islice(numbered, AT_ONCE)):
        read: list[tuple[int, str, str, dict[str, Any]]] = []
        for line, row in some:
            imported.rows += 1
            try:
                read.append((line, *_read(row, source)))
            except LedgerError as error:
                _refuse(imported, line, error)
        _record(imported, read, write, origin)
    return imported


def _record(imported: Imported, read: list[tuple[int, str, str, dict[str, Any]]], write: Write, origin: str) -> None:
    def work(conn: Connection) -> list[dict[str, Any] | LedgerError]:
        results: list[dict[str, Any] | LedgerError] = []
        for _, source, id, fields in read:
            try:
                results.append(record(conn, source, id, fields, origin=origin))
            except LedgerError as error:
                results.append(error)
        return results

    for (line, _, id, _), result in zip(read, write(work), strict=True):
        if isinstance(result, LedgerError):
            _refuse(imported, line, result)
            continue
        imported.joined += result["joined"]
        imported.recorded += result["recorded"]
        imported.changed += bool(result["changed"])
        if not result["joined"] and len(imported.unknown) < SHOWN:
            imported.unknown.append(id)


def _refuse(imported: Imported, line: int, error: LedgerError) -> None:
    imported.refused += 1
    if len(imported.problems) < SHOWN:
        imported.problems.append(f"line {line}: {error}")


def _read(row: Mapping[str, Any], source: str) -> tuple[str, str, dict[str, Any]]:
    id = ticket_id(row.get("id"))
    if not id:
        raise LedgerError("`id` is empty; it is the ticket id that was classified")
    fields: dict[str, Any] = {}
    for name in FIELDS:
        value = row.get(name)
        if value is not None and str(value).strip() != "":
            fields[name] = _flag(value) if name == "rerouted" else str(value).strip()
    return str(row.get("source") or source).strip(), id, fields


def ticket_id(value: object) -> str:
    """A ticket's id as it was sent: a spreadsheet turns 1001 into 1001.0 and adds spaces.

    >>> ticket_id(1001.0), ticket_id(" T-1001 "), ticket_id("1001.0")
    ('1001', 'T-1001', '1001')
    """
    if value is None:
        return ""
    text = str(value).strip()
    return text[:-2] if _WHOLE.fullmatch(text) else text


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower().removesuffix(".0")
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise LedgerError(f"rerouted is yes or no (是 or 否), found '{text[:20]}'")

"""CSV: a header line, then one record a row, with commas, semicolons or tabs between the cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from paidan.errors import RecordsError
from train.decoding import lines
from train.rows import BadRow, Row

_DELIMITERS = ",;\t"
_QUOTED = re.compile('"[^"]*"')


class _Source:
    """Feeds lines to the csv module and remembers which ones the row under way has taken."""

    def __init__(self, numbered: Iterator[tuple[int, str | BadRow]]) -> None:
        self.numbered = numbered
        self.taken: list[tuple[int, str]] = []
        self.damaged: list[tuple[int, BadRow]] = []

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        for number, line in self.numbered:
            if isinstance(line, BadRow):
                self.damaged.append((number, line))
            elif self.taken or line.strip():
                self.taken.append((number, line))
                return line
        raise StopIteration


def csv_rows(path: Path, encoding: str, wanted: Sequence[str], _sheet: str | None, label: str) -> Iterator[Row]:
    """Rows of a CSV file by the names in its header. A row that spans lines carries the number of its first.

    Raises:
        RecordsError: the header cannot be used.
    """
    numbered = lines(path, encoding, label)
    source = _Source(numbered)
    header_line = next(source, None)
    if header_line is None:
        yield from source.damaged
        return
    delimiter = delimiter_of(header_line)
    source.numbered = _chained(source.taken.pop(), numbered)
    # Strict, because a lenient reader takes a stray quote for the end of the cell and mangles the text in silence.
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    try:
        header = column_names(next(reader), wanted, label)
    except csv.Error as error:
        raise RecordsError(f"{label} line 1: the header cannot be read ({error})") from None
    while True:
        source.taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield from source.damaged
            yield from _broken(source.taken, str(error))
            source.damaged.clear()
            continue
        yield from source.damaged
        source.damaged.clear()
        if cells is None:
            return
        number = source.taken[0][0]
        if any(cells[len(header) :]):
            problem = f"has {len(cells)} cells where the header names {len(header)}; put texts that hold '{delimiter}' in quotes"
            yield number, BadRow(problem, {"line": "".join(line for _, line in source.taken).rstrip("\r\n")})
        elif any(cells):
            yield number, dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=False))


def delimiter_of(header: str) -> str:
    """The delimiter that the header line holds most of.

    >>> delimiter_of("编号;留言详情;一级标签")
    ';'
    """
    bare = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=bare.count)


def column_names(cells: Sequence[str], wanted: Sequence[str], label: str) -> list[str]:
    """Names for all columns: stripped, none empty, no two the same.

    >>> column_names(["留言 ", "", "日期", "日期"], ["text"], "a.csv")
    ['留言', 'column 2', '日期', '日期 (2)']

    Raises:
        RecordsError: the message's column is there twice.
    """
    names: list[str] = []
    for position, cell in enumerate(cells, 1):
        name = cell.strip().strip("\ufeff") or f"column {position}"
        if name in names and name in wanted:
            raise RecordsError(f"{label}: column '{name}' is there twice. Rename one of them")
        copy = 2
        unique = name
        while unique in names:
            unique = f"{name} ({copy})"
            copy += 1
        names.append(unique)
    return names


def _chained(first: tuple[int, str], rest: Iterator[tuple[int, str | BadRow]]) -> Iterator[tuple[int, str | BadRow]]:
    yield first
    yield from rest


def _broken(taken: Sequence[tuple[int, str]], error: str) -> Iterator[Row]:
    """One bad row a line, so that a quote which swallows half the file is counted as half the file."""
    first = taken[0][0]
    if "unexpected end" in error:
        problem = "opens a quote that is never closed. Close it, or double it to mean the character itself"
    elif "field larger" in error:
        problem = f"has a cell of more than {csv.field_size_limit():,} characters; is a quote never closed?"
    else:
        problem = "has a quote inside a quoted cell. Double it to mean the character itself"
    for number, line in taken:
        where = problem if number == first else f"stands inside the quote opened on line {first}"
        yield number, BadRow(where, {"line": line.rstrip("\r\n")})

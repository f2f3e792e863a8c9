"""XLSX: the first sheet of a workbook, or the one that is named."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from paidan.errors import RecordsError
from train.csv_rows import column_names
from train.rows import Row

_DAMAGE = (
    zipfile.BadZipFile, zlib.error, ParseError, OSError, EOFError, NotImplementedError,
    AttributeError, IndexError, KeyError, TypeError, ValueError,
)  # fmt: skip
_TITLE_ROWS = 20


def xlsx_rows(path: Path, _encoding: str, wanted: Sequence[str], sheet: str | None, label: str) -> Iterator[Row]:
    """Rows of one sheet by the names in its header, numbered as the sheet numbers them.

    People put a title above the table: the header is the first of the top rows that names the message's column, or
    the first row that is not empty.

    Raises:
        RecordsError: no workbook, or no such sheet.
    """
    rows = [
        (number, cells) for number, cells in enumerate(_sheet(path, sheet, label), 1) if any(c != "" for c in cells)
    ]
    if not rows:
        return
    top = (i for i, (_, cells) in enumerate(rows[:_TITLE_ROWS]) if {str(cell).strip() for cell in cells} & set(wanted))
    start = next(top, 0)
    header_cells = [str(cell) for cell in rows[start][1]]
    while header_cells and not header_cells[-1].strip():
        header_cells.pop()
    width = max(len(header_cells), *(_filled(cells) for _, cells in rows[start:]))
    header = column_names(header_cells + [""] * (width - len(header_cells)), wanted, label)
    for number, cells in rows[start + 1 :]:
        yield number, dict(zip(header, [*cells[:width], *[""] * (width - len(cells))], strict=True))


def _filled(cells: Sequence[Any]) -> int:
    return max((i for i, cell in enumerate(cells, 1) if cell != ""), default=0)


def _sheet(path: Path, sheet: str | None, label: str) -> list[list[Any]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        # openpyxl warns of every style and validation it passes over; none of them is the reader's business.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            workbook = load_workbook(path, read_only=True, data_only=True)
            try:
                names = workbook.sheetnames
                if sheet is not None and sheet not in names:
                    raise RecordsError(f"{label}: no sheet '{sheet}'. Found: {', '.join(names)}. Correct `--sheet`")
                worksheet = workbook[sheet or names[0]]
                if not hasattr(worksheet, "reset_dimensions"):
                    raise RecordsError(f"{label}: sheet '{worksheet.title}' is a chart. Name another with `--sheet`")
                worksheet.reset_dimensions()  # the stored size is often wrong
                return [[_cell(value) for value in row] for row in worksheet.iter_rows(values_only=True)]
            finally:
                workbook.close()
    except (*_DAMAGE, InvalidFileException):
        raise RecordsError(
            f"{label}: is not an XLSX workbook, or is damaged. Open it and save it as .xlsx again"
        ) from None


def _cell(value: Any) -> Any:
    from openpyxl.utils.escape import unescape

    if value is None:
        return ""
    return unescape(value) if isinstance(value, str) and "_x" in value else value

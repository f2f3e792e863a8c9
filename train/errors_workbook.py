"""Wrong answers as a workbook for staff: one row an error, masked, safe to open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font

from paidan.errors import RecordsError
from paidan.masking import mask
from paidan.report.metrics import Judged
from train.records import Record

HEADINGS = ("文件", "行", "应为", "判为", "把握", "处理", "应为紧急度", "判为紧急度", "也可", "正文（已脱敏）")
WIDTHS = (18, 8, 30, 30, 8, 10, 12, 12, 30, 90)


def write_errors(path: Path, judged: Sequence[Judged], records: Sequence[Record]) -> None:
    """Write every record whose tag or tier was answered wrongly.

    Raises:
        RecordsError: the file is no .xlsx or cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise RecordsError(f"{path}: errors are written to .xlsx")
    book = Workbook()
    sheet = book.active
    sheet.title = "错例"
    sheet.append(HEADINGS)
    for one, record in zip(judged, records, strict=True):
        tier = one.labels.get("urgency")
        if ("tag" not in one.labels or one.accepted or not one.in_scope) and (
            tier is None or tier == one.answer["urgency"]["id"]
        ):
            continue
        tag = one.answer["tag"]
        row = [
            record.file,
            record.row,
            one.labels.get("tag"),
            one.said,
            tag["probability"] if tag else None,
            one.answer["would_be"],
            tier,
            one.answer["urgency"]["id"],
            "；".join(one.also),
            mask(record.text),
        ]
        sheet.append([_safe(value) for value in row])
    for column, width in enumerate(WIDTHS, 1):
        sheet.column_dimensions[sheet.cell(1, column).column_letter].width = width
        sheet.cell(1, column).font = Font(bold=True)
    for cell in sheet["J"]:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    try:
        book.save(path)
    except OSError as error:
        raise RecordsError(f"{path}: cannot be written ({error.strerror})") from None


def _safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula and that holds no control character."""
    if not isinstance(value, str):
        return value
    cell: str = ILLEGAL_CHARACTERS_RE.sub("", value)
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell

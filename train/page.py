"""A self-contained HTML page of tables: no script, no style sheet, nothing from another host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from paidan.errors import RecordsError

_STYLE = """
:root{color-scheme:light dark;--line:#d8dde3;--soft:#f4f6f8;--text:#1c2733;--dim:#617080;--good:#1a7f4b;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--line:#37414c;--soft:#1d242c;--text:#e4e9ee;--dim:#9aa7b4;--good:#5fd39a;--bad:#ff8a80}
body{background:#12171d}}
*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:2rem 1.25rem 4rem;color:var(--text);
font:15px/1.6 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2.25rem 0 .5rem}p{margin:.25rem 0;color:var(--dim)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.4rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600;background:var(--soft);white-space:nowrap}td.n,th.n{text-align:right;white-space:nowrap}
td.text{min-width:18rem;white-space:pre-wrap;overflow-wrap:anywhere}.good{color:var(--good)}.bad{color:var(--bad)}
@media print{body{max-width:none;padding:0}}
"""


class Cell(str):
    """A cell with its own look: `good`, `bad`, `n` (a number) or `text`."""

    look: str = ""

    def __new__(cls, value: Any, look: str = "") -> Cell:
        cell = super().__new__(cls, "–" if value is None else value)
        cell.look = look
        return cell


class Page:
    """Grows from top to bottom."""

    def __init__(self, title: str, lead: str = "") -> None:
        self.title = title
        self._parts = [f"<h1>{escape(title)}</h1>"]
        if lead:
            self.note(lead)

    def note(self, text: str) -> None:
        self._parts.append(f"<p>{escape(text)}</p>")

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table; one without rows says so."""
        body = ["".join(map(_cell, row)) for row in rows]
        self._parts.append(f"<h2>{escape(title)}</h2>")
        if not body:
            self.note("none")
            return
        head = "".join(f"<th>{escape(column)}</th>" for column in columns)
        lines = "".join(f"<tr>{row}</tr>" for row in body)
        self._parts.append(
            f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
        )

    def html(self) -> str:
        return (
            '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style></head><body>{''.join(self._parts)}</body></html>\n"
        )

    def write(self, path: Path) -> None:
        try:
            path.write_text(self.html(), encoding="utf-8")
        except OSError as error:
            raise RecordsError(f"{path}: cannot be written ({error.strerror})") from None


def _cell(value: Any) -> str:
    look = value.look if isinstance(value, Cell) else "n" if isinstance(value, int | float) else ""
    shown = (
        f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else "–" if value is None else str(value)
    )
    return f'<td class="{look}">{escape(shown)}</td>' if look else f"<td>{escape(shown)}</td>"

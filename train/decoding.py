"""Lines of a text file with their numbers, and what to say when the bytes are of another encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from paidan.errors import RecordsError
from train.rows import BadRow

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ESCAPED = re.compile("[\udc80-\udcff]")


def lines(path: Path, encoding: str, label: str) -> Iterator[tuple[int, str | BadRow]]:
    """Decoded lines, streamed. A byte order mark says the encoding, whatever was asked for.

    When the first line that is not plain ASCII cannot be decoded, the file is of another encoding; when lines before
    it could, that one line is damaged and only it is set aside.

    Raises:
        RecordsError: the encoding is unknown or not the file's.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        encoding = next((name for mark, name in _MARKS if start.startswith(mark)), encoding)
        handle = path.open(encoding=encoding, errors="surrogateescape", newline="")
    except LookupError:
        raise RecordsError(f"{label}: unknown encoding '{encoding}'. Usual ones are utf-8, gb18030 and big5") from None
    except OSError as error:
        raise RecordsError(f"{label}: cannot be read ({error.strerror})") from None
    proven = False
    with handle:
        numbered = enumerate(handle, 1)
        while True:
            try:
                number, line = next(numbered)
            except StopIteration:
                return
            except (UnicodeError, OSError):
                raise RecordsError(f"{label}: cannot be decoded as {encoding}. Try another `--encoding`") from None
            if "\x00" in line:
                if number == 1:
                    raise RecordsError(f"{label} line 1: holds NUL bytes. Try `--encoding utf-16`")
                yield number, BadRow("holds NUL bytes; the line is damaged", {"line": line})
            elif _ESCAPED.search(line):
                problem = f"is not {encoding}. {_advice(line, encoding)}"
                if not proven:
                    raise RecordsError(f"{label} line {number}: {problem}")
                yield number, BadRow(problem, {"line": line})
            else:
                proven = proven or not line.isascii()
                yield number, line


def _advice(line: str, encoding: str) -> str:
    """Name the encoding that does read the line: nearly always the other of the two that Chinese files come in."""
    try:
        raw = line.encode(encoding, "surrogateescape")
        for other in ("utf-8", "gb18030"):
            if codecs.lookup(other) != codecs.lookup(encoding.removesuffix("-sig")):
                raw.decode(other)
                return f"Try `--encoding {other}`"
    except (UnicodeError, LookupError):
        pass
    return "Save the file as UTF-8, or repair the line"

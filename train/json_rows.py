"""JSON Lines: one object a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from train.decoding import lines
from train.rows import BadRow, Row


def json_rows(path: Path, encoding: str, _wanted: Sequence[str], _sheet: str | None, label: str) -> Iterator[Row]:
    """Objects of a JSON Lines file; blank lines are passed over.

    Strict JSON: `NaN` and `Infinity`, which Python would read, are refused, for no other reader takes them.
    """
    for number, line in lines(path, encoding, label):
        if isinstance(line, BadRow):
            yield number, line
        elif line.strip():
            yield number, _object(line.rstrip("\r\n"))


class _NoNumber(ValueError):
    pass


def _object(line: str) -> dict[str, Any] | BadRow:
    try:
        found = json.loads(line, parse_constant=_constant, parse_float=_float)
    except _NoNumber as error:
        problem = f"holds {error}, which is no JSON; write null"
    except json.JSONDecodeError as error:
        problem = f"is not whole JSON (column {error.colno}: {error.msg}); each line must hold one object"
    except (ValueError, RecursionError):
        problem = "is not JSON that can be read (too deep, or a number too long); each line must hold one object"
    else:
        if isinstance(found, dict):
            return found
        nouns = {list: "a list", str: "a text", type(None): "null", bool: "true/false"}
        problem = f'holds {nouns.get(type(found), "a number")}; each line must hold one object, like {{"text": …}}'
    return BadRow(problem, {"line": line})


def _constant(name: str) -> NoReturn:
    raise _NoNumber(name)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _NoNumber("a number beyond all bounds")
    return value

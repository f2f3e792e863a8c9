"""JSON as the ledger stores it: compact, UTF-8, keys in the order they came."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable
from typing import Any

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _quick() -> tuple[Callable[[Any], str], Callable[[str], Any]] | None:
    """The server's encoder, which is ten times faster; a light install has only the standard one, which says the same."""
    if importlib.util.find_spec("orjson") is None:
        return None
    orjson = importlib.import_module("orjson")
    return lambda value: orjson.dumps(value).decode(), orjson.loads


def dumps(value: Any) -> str:
    """A value as JSON text.

    >>> dumps({"tag": "退款", "n": 1})
    '{"tag":"退款","n":1}'
    """
    if _DUMPS is None:
        return _ENCODE(value)
    try:
        return _DUMPS(value)
    except TypeError:
        # Integers beyond 64 bits, which the quick encoder refuses.
        return _ENCODE(value)


def loads(text: str) -> Any:
    """The value of a JSON text."""
    return _LOADS(text)


_found = _quick()
_DUMPS: Callable[[Any], str] | None = _found[0] if _found else None
_LOADS: Callable[[str], Any] = _found[1] if _found else json.loads

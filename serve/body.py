"""Reading a request's JSON: strict about what it is, gentle about one bad message among many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request

from serve.problems import Problem, unreadable


async def read_object(request: Request, limit: int) -> Mapping[str, Any]:
    """The JSON object of a request's body.

    Raises:
        Problem: 413 too large, 415 not JSON in UTF-8, 400 unreadable, 422 not an object.
    """
    charset = _charset(request.headers.get("content-type", ""))
    raw = await _read(request, limit)
    if charset not in ("utf-8", "utf8"):
        try:
            raw = raw.decode(charset).encode()
        except (LookupError, UnicodeError):
            raise Problem(
                "charset",
                "Unsupported charset",
                415,
                f"the body is not text in the declared charset '{charset[:40]}'; send UTF-8",
            ) from None
    value = _parse(raw)
    if not isinstance(value, dict):
        found = "a list" if isinstance(value, list) else "a single value"
        raise Problem(
            "invalid-message", "An object is needed", 422, f"expected a JSON object, found {found}", field="body"
        )
    return value


def _charset(content_type: str) -> str:
    kind, _, rest = content_type.partition(";")
    kind = kind.strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problem(
            "media-type",
            "JSON is needed",
            415,
            f"found Content-Type '{kind[:60] or 'none'}'; send `Content-Type: application/json` with JSON in UTF-8",
        )
    for parameter in rest.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(limit: int) -> Problem:
    return Problem(
        "too-large", "Too large", 413, f"the body is larger than {limit // (1 << 20)} MB; send fewer messages at a time"
    )


def _parse(raw: bytes) -> Any:
    if not raw.strip():
        raise unreadable("the body is empty; send a JSON object with `text`")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    # The slow way tells what is wrong, and lets half a surrogate pair or NaN through to be refused where it
    # stands: one bad message must not cost the other 999 theirs.
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"the body is not UTF-8 (byte {error.start}). Send UTF-8, or declare the charset: `Content-Type: application/json; charset=gb18030`"
        raise Problem("charset", "Not UTF-8", 415, detail) from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise unreadable(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError:
        raise unreadable("the body holds a number of more digits than can be read") from None
    except RecursionError:
        raise unreadable("the body is not readable: it is nested too deeply") from None

"""Problems as RFC 9457 objects: the same sentence over HTTP, in a file of answers and from MLflow.

A problem never repeats the message, which is private.
"""

from __future__ import annotations

from typing import Any

from paidan.errors import MessageError

BASE = "urn:paidan:problem:"
INVALID = 422


def problem(slug: str, title: str, status: int, detail: str, **more: Any) -> dict[str, Any]:
    """One problem object; `type` never changes for the same kind of problem."""
    return {"type": BASE + slug, "title": title, "status": status, "detail": detail, **more}


def message_problem(error: MessageError) -> dict[str, Any]:
    """Why one message was refused.

    >>> message_problem(MessageError("text", "is missing", "missing"))["field"]
    'text'
    """
    return problem(
        "invalid-message", "The message cannot be answered", INVALID, str(error), field=error.field, code=error.code
    )

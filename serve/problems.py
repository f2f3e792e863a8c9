"""Problems as RFC 9457 answers: the one place where Paidan's errors become HTTP.

No problem ever repeats a message's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from paidan.errors import LedgerUnavailable, MessageError, PaidanError
from paidan.problem import message_problem, problem

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Unreadable",
    401: "Key needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
}
SLUGS = {404: "not-found", 405: "method-not-allowed"}


class Problem(Exception):
    """An answer that is no success, ready to be sent."""

    def __init__(
        self, slug: str, title: str, status: int, detail: str, *, retry_after: int | None = None, **more: Any
    ) -> None:
        self.body = problem(slug, title, status, detail, **more)
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        if status == 401:
            self.headers["WWW-Authenticate"] = "Bearer"
        super().__init__(detail)


def unreadable(detail: str) -> Problem:
    return Problem("unreadable", "Unreadable", 400, detail)


def not_found(detail: str) -> Problem:
    return Problem("not-found", "Not found", 404, detail)


def unavailable(detail: str) -> Problem:
    return Problem("unavailable", "Cannot be kept now", 503, detail, retry_after=2)


def respond(body: Mapping[str, Any], status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(dict(body)), status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Teach an app to answer every error of the family, and its own, as a problem."""

    async def of_problem(_: Request, error: Exception) -> Response:
        return respond(error.body, error.status, error.headers)  # type: ignore[attr-defined]

    async def of_message(_: Request, error: Exception) -> Response:
        body = message_problem(error)  # type: ignore[arg-type]
        return respond(body, body["status"])

    async def of_ledger(_: Request, error: Exception) -> Response:
        gone = unavailable(str(error))
        return respond(gone.body, gone.status, gone.headers)

    async def of_family(_: Request, error: Exception) -> Response:
        slug = getattr(error, "slug", "error")
        return respond(problem(slug, "Refused", 422, str(error)), 422)

    async def of_http(_: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        title = TITLES.get(status, "Refused")
        return respond(problem(SLUGS.get(status, "http"), title, status, str(getattr(error, "detail", title))), status)

    async def of_parameter(_: Request, error: Exception) -> Response:
        # FastAPI's own answer would repeat what was sent.
        first = error.errors()[0]  # type: ignore[attr-defined]
        field = str(first["loc"][-1])
        body = problem("invalid-parameter", "The request cannot be taken", 422, f"{field}: {first['msg']}", field=field)
        return respond(body, 422)

    async def of_fault(_: Request, __: Exception) -> Response:
        detail = "Paidan failed on this request; it was not recorded. The log names the place, never the text"
        return respond(problem("internal", "Internal fault", 500, detail), 500)

    app.add_exception_handler(Problem, of_problem)
    app.add_exception_handler(MessageError, of_message)
    app.add_exception_handler(LedgerUnavailable, of_ledger)
    app.add_exception_handler(PaidanError, of_family)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_parameter)
    app.add_exception_handler(Exception, of_fault)

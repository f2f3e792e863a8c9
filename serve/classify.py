"""The endpoints that answer messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from paidan.errors import MessageError
from paidan.ledger.entry import Entry, Kept
from paidan.message import Message
from paidan.problem import message_problem
from paidan.reading import masked_text
from paidan.router import Router
from serve import shapes
from serve.body import read_object
from serve.problems import Problem
from serve.state import State, state_of

BATCH_MOST = 1000
KEEP_AT_ONCE = 200
DETAIL = frozenset(("evidence", "rest", "intercept", "score", "masked_text"))
router = APIRouter(prefix="/v1", tags=["classify"])
Detail = Literal["full"] | None


@router.post(
    "/classify",
    summary="One message → one answer",
    responses=shapes.CLASSIFY_RESPONSES,
    openapi_extra=shapes.body(shapes.Record, shapes.RECORD_EXAMPLES),
)
async def classify(
    request: Request,
    detail: Detail = Query(None, description="`full` adds evidence and the masked text"),
    if_changed: Literal["revise", "error"] = Query(
        "revise", description="`error`: 409 when the same id brings another text"
    ),
) -> Response:
    state = state_of(request)
    with state.metrics.timed("classify"):
        raw = await read_object(request, state.settings.max_body_mb << 20)
        source = state.keys.source_of(request.headers.get("authorization"))
        results = await answer_all(state, [raw], source, detail == "full", if_changed)
        result = results[0]
        if isinstance(result, MessageError):
            raise result
        if isinstance(result, Kept):
            if result.conflict:
                raise conflict(result)
            result = result.answer
        return Response(orjson.dumps(result), media_type="application/json")


@router.post(
    "/classify/batch",
    summary="Up to 1,000 messages → as many results, in order",
    responses=shapes.BATCH_RESPONSES,
    openapi_extra=shapes.body(shapes.Batch, shapes.BATCH_EXAMPLES),
)
async def classify_batch(
    request: Request,
    detail: Detail = Query(None, description="`full` adds evidence and the masked text"),
    if_changed: Literal["revise", "error"] = Query(
        "revise", description="`error`: an error when the same id brings another text"
    ),
) -> Response:
    state = state_of(request)
    with state.metrics.timed("batch"):
        raw = await read_object(request, state.settings.max_body_mb << 20)
        messages = raw.get("messages")
        if not isinstance(messages, list):
            raise Problem(
                "invalid-batch",
                "A list is needed",
                422,
                "expected `messages`: a list of up to 1,000 messages",
                field="messages",
            )
        if len(messages) > BATCH_MOST:
            raise Problem(
                "too-large",
                "Too large",
                413,
                f"{len(messages):,} messages; at most {BATCH_MOST:,} are taken at once",
                field="messages",
            )
        source = state.keys.source_of(request.headers.get("authorization"))
        results: list[dict[str, Any]] = []
        for start in range(0, len(messages), KEEP_AT_ONCE):
            chunk = await answer_all(
                state, messages[start : start + KEEP_AT_ONCE], source, detail == "full", if_changed
            )
            results.extend(_result(result) for result in chunk)
        refused = sum("error" in result for result in results)
        return Response(
            orjson.dumps({"results": results, "answered": len(results) - refused, "refused": refused}),
            media_type="application/json",
        )


def _result(result: Kept | dict[str, Any] | MessageError) -> dict[str, Any]:
    if isinstance(result, MessageError):
        return {"error": message_problem(result)}
    if isinstance(result, Kept):
        return {"error": conflict(result).body} if result.conflict else {"answer": result.answer}
    return {"answer": result}


def conflict(kept: Kept) -> Problem:
    detail = "this source and id were answered with another text; without `if_changed=error` a new revision is made"
    return Problem(
        "changed", "Conflict", 409, detail, prediction_id=kept.answer["prediction_id"], revision=kept.answer["revision"]
    )


async def answer_all(
    state: State, raws: list[Any], source: str, detail: bool, if_changed: str
) -> list[Kept | dict[str, Any] | MessageError]:
    """Answer each record, keep what is to be kept in one go, and give results in order."""
    answering = state.router
    results: list[Kept | dict[str, Any] | MessageError | None] = []
    entries: list[Entry] = []
    for raw in raws:
        try:
            message = Message.from_dict(raw, answering.routing.timezone)
            dry_run = _flag(raw, "dry_run")
            if message.received_at is None:
                message = replace(message, received_at=answering.clock())
        except MessageError as error:
            state.metrics.refused.labels(error.code).inc()
            results.append(error)
            continue
        # What is recorded carries its evidence; a sender who did not ask for it is not sent it.
        answer = answering.answer([message], detail=detail or not dry_run)[0]
        answer["source"] = message.source or source
        if dry_run:
            answer["dry_run"] = True
            answer["answered_at"] = answering.moment(answering.clock())
            state.metrics.answered(answer)
            results.append(answer)
            continue
        entries.append(_entry(state, answering, message, answer, if_changed))
        results.append(None)
    kept = iter(await state.recorder.keep(entries) if entries else [])
    filled: list[Kept | dict[str, Any] | MessageError] = []
    for result in results:
        if result is None:
            one = next(kept)
            state.metrics.answered(one.answer)
            filled.append(one if detail else replace(one, answer=_brief(one.answer)))
        else:
            filled.append(result)
    return filled


def _brief(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in DETAIL}


def _flag(raw: Mapping[str, Any], field: str) -> bool:
    value = raw.get(field)
    if value is not None and not isinstance(value, bool):
        raise MessageError(field, "expected true or false", "not_a_flag")
    return bool(value)


def _entry(state: State, answering: Router, message: Message, answer: dict[str, Any], if_changed: str) -> Entry:
    return Entry(
        source=answer["source"],
        id=message.id,
        text_key=state.text_key.of(message),
        masked_text=answer.get("masked_text") or masked_text(message, answering.bundle.normaliser),
        answer=answer,
        received_at=message.received_at or answering.clock(),
        channel=message.channel,
        fields=message.fields,
        if_changed=if_changed,
    )


__all__ = ["answer_all", "router"]

"""The endpoints around an answer: look it up, review it, tell what became of it, follow what changed."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from paidan.errors import LedgerError
from serve import shapes
from serve.body import read_object
from serve.problems import Problem, not_found
from serve.state import State, state_of

router = APIRouter(prefix="/v1", tags=["predictions"])
TIERS = ("high", "medium", "low")
KINDS = ("complaint", "inquiry", "suggestion")


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


@router.get("/predictions/{prediction_id}", summary="The stored answer")
async def prediction(request: Request, prediction_id: str) -> Response:
    state = state_of(request)
    state.keys.source_of(request.headers.get("authorization"))
    found = await state.recorder.read("prediction", prediction_id)
    if found is None:
        raise not_found(f"there is no prediction '{prediction_id[:40]}'")
    return _json(found)


@router.post(
    "/predictions/{prediction_id}/review",
    summary="Confirm or correct an answer",
    openapi_extra=shapes.body(
        shapes.Review, {"改标签": {"value": {"tag": "process.refund-delay", "note": "客户要的是退款"}}}
    ),
)
async def review(request: Request, prediction_id: str) -> Response:
    state = state_of(request)
    by = state.keys.source_of(request.headers.get("authorization"))
    raw = await read_object(request, 1 << 20)
    given = _verdict(state, raw)
    try:
        return _json(await state.recorder.read("review", prediction_id, by=by, **given))
    except LedgerError as error:
        if type(error) is not LedgerError:
            raise
        raise not_found(str(error)) from None


@router.post(
    "/outcomes",
    summary="What became of a ticket in the sender's system",
    openapi_extra=shapes.body(
        shapes.Outcome, {"转派": {"value": {"id": "T-1001", "queue": "billing", "rerouted": True}}}
    ),
)
async def outcome(request: Request) -> Response:
    state = state_of(request)
    source = state.keys.source_of(request.headers.get("authorization"))
    raw = dict(await read_object(request, 1 << 20))
    if not isinstance(raw.get("id"), str) or not raw["id"]:
        raise Problem(
            "invalid-outcome",
            "The outcome cannot be taken",
            422,
            "`id` is missing: the ticket id that was classified",
            field="id",
        )
    given = {
        name: raw[name] for name in ("tag", "queue", "urgency", "rerouted", "closed_at") if raw.get(name) is not None
    }
    return _json(await state.recorder.read("outcome", raw.get("source") or source, raw["id"], **given))


@router.get("/changes", summary="Every later change to an answered ticket, in order, without gaps")
async def changes(
    request: Request,
    after: str | None = Query(None, description="the `cursor` of the last page; empty: from the beginning"),
    limit: int = Query(100, ge=1, le=1000),
) -> Response:
    state = state_of(request)
    state.keys.source_of(request.headers.get("authorization"))
    return _json(await state.recorder.read("changes", after, limit))


def _verdict(state: State, raw: Any) -> dict[str, Any]:
    """The checked fields of a review."""
    given: dict[str, Any] = {}
    taxonomy = state.router.bundle.taxonomy
    if raw.get("tag") is not None:
        tag = taxonomy.find(str(raw["tag"]))
        if tag is None:
            near = taxonomy.nearest(str(raw["tag"]))
            hint = f" Did you mean '{near}'?" if near else ""
            raise Problem(
                "unknown-tag",
                "Tag unknown",
                422,
                f"tag '{str(raw['tag'])[:60]}' is not in the taxonomy.{hint}",
                field="tag",
            )
        given["tag"] = tag.id
    for name, allowed in (("urgency", TIERS), ("kind", KINDS)):
        if raw.get(name) is not None:
            if raw[name] not in allowed:
                raise Problem(
                    "invalid-review",
                    "The review cannot be taken",
                    422,
                    f"{name} is one of {', '.join(allowed)}",
                    field=name,
                )
            given[name] = raw[name]
    if raw.get("note") is not None:
        if not isinstance(raw["note"], str) or len(raw["note"]) > 2000 or "\x00" in raw["note"]:
            raise Problem(
                "invalid-review",
                "The review cannot be taken",
                422,
                "note is a text of up to 2,000 characters",
                field="note",
            )
        given["note"] = raw["note"]
    return given

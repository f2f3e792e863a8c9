"""What is served and whether it can answer."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from serve.state import state_of

router = APIRouter()


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


@router.get("/v1/taxonomy", tags=["model"], summary="The tags that are served")
async def taxonomy(request: Request) -> Response:
    return _json(state_of(request).router.bundle.taxonomy.to_dict())


@router.get("/v1/model", tags=["model"], summary="The version that answers, and the state of its contract")
async def model(request: Request) -> Response:
    state = state_of(request)
    router_, champion = state.router, state.watch.champion
    identity = dict(router_.bundle.identity)
    policy = router_.bundle.table.policy(router_.precision)
    contract = {"state": router_.contract, "precision": router_.precision, "candidate_coverage": router_.coverage}
    if champion is not None:
        contract |= {"read": champion.contract.read, "wrong": champion.contract.wrong}
    return _json(
        {
            "model": router_.bundle.name,
            "digest": router_.bundle.digest,
            "since": champion.since if champion else None,
            "by": champion.by if champion else None,
            "why": champion.why if champion else None,
            "sequence": champion.sequence if champion else None,
            "contract": contract,
            "policy": {
                "threshold": policy.threshold,
                "n": policy.n,
                "bound": policy.bound,
                "stricter": dict(policy.stricter),
            },
            "heads": {head.name: len(head.labels) for head in router_.bundle.heads},
            "identity": identity,
        }
    )


@router.get("/healthz", tags=["service"], summary="Alive")
async def healthz() -> Response:
    return _json({"status": "alive"})


@router.get("/readyz", tags=["service"], summary="Can answer and keep")
async def readyz(request: Request) -> Response:
    state = state_of(request)
    ready = state.watch.router is not None and state.recorder.state != "nowhere"
    body = {
        "ready": ready,
        "model": state.watch.router.bundle.name if state.watch.router else None,
        "trouble": state.watch.trouble,
        "kept_in": state.recorder.state,
        "backlog": state.recorder.backlog,
    }
    return _json(body, 200 if ready else 503)


@router.get("/metrics", tags=["service"], summary="Prometheus figures")
async def metrics(request: Request) -> Response:
    state = state_of(request)
    state.metrics.ready.set(state.watch.router is not None and state.recorder.state != "nowhere")
    state.metrics.backlog.set(state.recorder.backlog)
    state.metrics.proven.set(state.watch.router is not None and state.watch.router.contract == "proven")
    return Response(state.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

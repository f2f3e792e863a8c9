"""The application: built in a function, loaded in lifespan. Nothing happens at import."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from paidan.ledger.recorder import Recorder
from paidan.ledger.text_key import TextKey
from paidan.settings import Settings
from paidan.workspace import Workspace
from serve import classify, predictions, problems, service
from serve.champion_watch import ChampionWatch
from serve.keys import load_keys
from serve.metrics import Metrics
from serve.state import State

DESCRIPTION = "派单：读一条客户留言，说出问题标签、紧急程度、类型、把握多大、归哪个队列、何时之前办，以及凭哪些词。"
HOME, MODEL = "PAIDAN_HOME", "PAIDAN_SERVE_MODEL"


def create_app(settings: Settings | None = None, *, home: Path | None = None, model: str = "champion") -> FastAPI:
    """An app for one workspace.

    Args:
        settings: None reads the workspace's own.
        home: the workspace; None for `PAIDAN_HOME` or the current folder.
        model: `champion`, or the path of a bundle that is served as it is.
    """
    workspace = Workspace((home or Path(os.environ.get(HOME) or Path.cwd())).resolve())
    chosen = settings or workspace.settings

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        workspace.require()
        keys = load_keys(workspace.home, chosen.host, chosen.keys_required)
        watch = ChampionWatch(workspace, model)
        recorder = Recorder(
            chosen.database_url or workspace.ledger_url, workspace.home / "journal", chosen.retention_days
        )
        await recorder.start()
        try:
            await watch.start()
            app.state.paidan = State(workspace, chosen, watch, recorder, TextKey.load(workspace.home), keys, Metrics())
            yield
        finally:
            await watch.close()
            await recorder.close()

    # The docs page's scripts and styles ship with the package: no page asks another host for anything.
    app = FastAPIOffline(title="Paidan 派单", version=version("paidan"), description=DESCRIPTION, lifespan=lifespan)
    app.state.paidan = None
    problems.install(app)
    for part in (classify, predictions, service):
        app.include_router(part.router)
    return app


def from_environment() -> FastAPI:
    """The app of a worker process, which knows only its environment."""
    return create_app(model=os.environ.get(MODEL, "champion"))

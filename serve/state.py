"""What a running server holds, made in lifespan and handed to every request."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from paidan.ledger.recorder import Recorder
from paidan.ledger.text_key import TextKey
from paidan.router import Router
from paidan.settings import Settings
from paidan.workspace import Workspace
from serve.champion_watch import ChampionWatch
from serve.keys import Keys
from serve.metrics import Metrics
from serve.problems import unavailable


@dataclass
class State:
    workspace: Workspace
    settings: Settings
    watch: ChampionWatch
    recorder: Recorder
    text_key: TextKey
    keys: Keys
    metrics: Metrics

    @property
    def router(self) -> Router:
        """The router to finish this request on.

        Raises:
            Problem: 503 while no model could be loaded.
        """
        if self.watch.router is None:
            raise unavailable(f"no model answers yet: {self.watch.trouble or 'it is being loaded'}")
        return self.watch.router


def state_of(request: Request) -> State:
    state = request.app.state.paidan
    if not isinstance(state, State):
        raise unavailable("the server is starting")
    return state

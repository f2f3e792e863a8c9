"""A server loads what is announced before the pointer names it, keeps what answered before, and reads rules anew."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from paidan.bundle import Bundle
from paidan.champion import promote
from paidan.readiness import SERVERS, announce
from paidan.workspace import Workspace
from serve.champion_watch import ChampionWatch


@pytest.fixture
def digests(workspace_copy: Workspace, tiny_bundle: Bundle) -> dict[str, str]:
    """Two versions, of which the first answers."""
    made = {}
    for version in ("1", "2"):
        identity = {**tiny_bundle.identity, "version": version}
        made[version] = replace(tiny_bundle, identity=identity).save(workspace_copy.models / version)
    promote(workspace_copy.models, "1", made["1"], by="li", why="")
    return made


def test_what_is_announced_is_in_memory_at_the_flip(
    workspace_copy: Workspace, digests: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        watch = ChampionWatch(workspace_copy)
        await watch.refresh()
        announce(workspace_copy.models, "2", digests["2"])
        await watch._prepare()
        watch._show()
        card = next((workspace_copy.models / SERVERS).glob("*.json"))
        assert digests["2"] in card.read_text(encoding="utf-8")
        assert watch.router is not None
        assert watch.router.bundle.name == "paidan/1"
        monkeypatch.setattr(Bundle, "load", _never)
        promote(workspace_copy.models, "2", digests["2"], by="li", why="")
        await watch.refresh()
        assert watch.router.bundle.name == "paidan/2"
        promote(workspace_copy.models, "1", digests["1"], by="li", why="", event="rolled back")
        await watch.refresh()
        assert watch.router.bundle.name == "paidan/1"
        await watch.close()

    asyncio.run(story())


def test_a_changed_routing_table_is_read_at_the_next_flip(workspace_copy: Workspace, digests: dict[str, str]) -> None:
    async def story() -> None:
        watch = ChampionWatch(workspace_copy)
        await watch.refresh()
        path = workspace_copy.datasets / "routing.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("respond_h: 2", "respond_h: 3"), encoding="utf-8")
        promote(workspace_copy.models, "1", digests["1"], by="li", why="新时限")
        await watch.refresh()
        assert watch.router is not None
        assert watch.router.routing.terms["medium"].respond_h == 3

    asyncio.run(story())


def test_an_announcement_that_cannot_be_loaded_disturbs_nobody(
    workspace_copy: Workspace, digests: dict[str, str]
) -> None:
    async def story() -> None:
        watch = ChampionWatch(workspace_copy)
        await watch.refresh()
        for version, digest in (("9", "0" * 64), ("2", "f" * 64)):
            announce(workspace_copy.models, version, digest)
            await watch._prepare()
            assert watch.trouble is None
            assert set(watch._held()) == {digests["1"]}
        shutil.rmtree(workspace_copy.models / "2")
        promote_without_waiting(workspace_copy.models, digests["2"])
        await watch.refresh()
        assert watch.router is not None
        assert watch.router.bundle.name == "paidan/1"
        assert "2" in str(watch.trouble)

    asyncio.run(story())


def promote_without_waiting(models: Path, digest: str) -> None:
    shutil.rmtree(models / SERVERS, ignore_errors=True)
    promote(models, "2", digest, by="li", why="")


def _never(folder: Path) -> Bundle:
    raise AssertionError(f"{folder} was loaded at the flip")

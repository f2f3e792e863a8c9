"""Announce, load, flip: promotions wait for servers that run, and for nobody else."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from paidan.champion import promote
from paidan.readiness import FRESH_S, SERVERS, Announced, Card, announce, announced, wait_for_servers


def test_without_servers_nothing_is_waited_for(tmp_path: Path) -> None:
    start = time.monotonic()
    promote(tmp_path, "1", "abc", by="li", why="")
    assert time.monotonic() - start < 1
    assert announced(tmp_path) == Announced("1", "abc")


def test_a_promotion_flips_once_the_last_server_is_ready(tmp_path: Path) -> None:
    first, second = Card(tmp_path, "a-1.json"), Card(tmp_path, "a-2.json")
    first.show(["old", "new"])
    second.show(["old"])
    timer = threading.Timer(0.3, second.show, (["old", "new"],))
    timer.start()
    start = time.monotonic()
    promote(tmp_path, "2", "new", by="li", why="")
    assert 0.2 < time.monotonic() - start < 5
    timer.join()


def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    Card(tmp_path, "a-1.json").show(["old"])
    assert not wait_for_servers(tmp_path, "new", 0.1)


def test_the_card_of_a_dead_server_does_not_count(tmp_path: Path) -> None:
    Card(tmp_path, "a-1.json").show(["old"])
    card = tmp_path / SERVERS / "a-1.json"
    past = time.time() - FRESH_S - 1
    os.utime(card, (past, past))
    assert wait_for_servers(tmp_path, "new", 0)
    past -= 60 * FRESH_S
    os.utime(card, (past, past))
    assert wait_for_servers(tmp_path, "new", 0)
    assert not card.exists()


def test_a_withdrawn_card_is_gone(tmp_path: Path) -> None:
    card = Card(tmp_path, "a-1.json")
    card.show([])
    card.withdraw()
    card.withdraw()
    assert not list((tmp_path / SERVERS).iterdir())


@pytest.mark.parametrize("text", ["", "[]", '{"version": "1"}', "nonsense"])
def test_a_torn_announcement_is_none(tmp_path: Path, text: str) -> None:
    announce(tmp_path, "1", "abc")
    (tmp_path / "next.json").write_text(text, encoding="utf-8")
    assert announced(tmp_path) is None

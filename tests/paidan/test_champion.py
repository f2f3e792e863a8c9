"""The pointer and its history: whole or old, never half; one writer at a time; append-only."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from paidan.champion import HISTORY, POINTER, Champion, Contract, promote, read_champion, read_history, serving_at
from paidan.errors import RegistryError


def test_nothing_answers_before_the_first_promotion(tmp_path: Path) -> None:
    assert read_champion(tmp_path) is None
    assert read_history(tmp_path) == []
    assert serving_at(tmp_path, datetime.now(UTC)) is None


def test_a_promotion_is_the_pointer_and_a_line_of_history(tmp_path: Path) -> None:
    champion = promote(tmp_path, "1", "abc", by="li", why="首个模型", gate={"passed": True})
    assert read_champion(tmp_path) == champion
    assert (champion.version, champion.sequence, champion.contract) == ("1", 1, Contract("trial", 0, 0))
    (line,) = read_history(tmp_path)
    assert (line["event"], line["version"], line["by"], line["why"], line["before"]) == (
        *("promoted", "1", "li", "首个模型", None),
    )
    assert line["gate"] == {"passed": True}


def test_the_pointer_holds_what_the_contract_names(tmp_path: Path) -> None:
    promote(tmp_path, "1", "abc", by="li", why="")
    raw = json.loads((tmp_path / POINTER).read_text(encoding="utf-8"))
    assert set(raw) == {"version", "digest", "since", "by", "why", "contract", "sequence"}
    assert set(raw["contract"]) >= {"state", "read", "wrong"}


def test_a_new_version_begins_in_trial_whatever_the_old_one_proved(tmp_path: Path) -> None:
    first = promote(tmp_path, "1", "abc", by="li", why="")
    proven = {
        **json.loads((tmp_path / POINTER).read_text(encoding="utf-8")),
        "contract": {"state": "proven", "read": 300, "wrong": 4},
    }
    (tmp_path / POINTER).write_text(json.dumps(proven), encoding="utf-8")
    assert first.sequence == 1
    assert promote(tmp_path, "2", "def", by="li", why="").contract.state == "trial"


def test_what_served_at_a_time_is_the_last_promotion_before_it(tmp_path: Path) -> None:
    first = promote(tmp_path, "1", "a", by="li", why="")
    second = promote(tmp_path, "2", "b", by="li", why="")
    between = datetime.fromisoformat(second.since)
    found = serving_at(tmp_path, between)
    assert found is not None
    assert found["version"] == "2"
    assert serving_at(tmp_path, datetime.fromisoformat(first.since) - timedelta(seconds=1)) is None


def test_a_line_torn_by_a_crash_is_left_out_and_does_not_swallow_the_next(tmp_path: Path) -> None:
    promote(tmp_path, "1", "a", by="li", why="")
    with (tmp_path / HISTORY).open("a", encoding="utf-8") as file:
        file.write('{"event": "promo')
    promote(tmp_path, "2", "b", by="li", why="")
    assert [line["version"] for line in read_history(tmp_path)] == ["1", "2"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": "1"}', '{"version": 1, "surplus": 2}'])
def test_a_damaged_pointer_is_refused_with_a_way_out(tmp_path: Path, content: str) -> None:
    (tmp_path / POINTER).write_text(content, encoding="utf-8")
    with pytest.raises(RegistryError, match=r"champion\.json is damaged.*`paidan history`"):
        read_champion(tmp_path)


def test_writers_take_turns(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=promote, args=(tmp_path, str(n), "d"), kwargs={"by": "li", "why": ""}) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = read_history(tmp_path)
    assert sorted(line["sequence"] for line in lines) == list(range(1, 9))
    champion = read_champion(tmp_path)
    assert isinstance(champion, Champion)
    assert champion.version == lines[-1]["version"]


def test_a_reader_sees_a_whole_pointer_while_it_is_replaced(tmp_path: Path) -> None:
    promote(tmp_path, "0", "d", by="li", why="为什么" * 500)
    done, seen = threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            champion = read_champion(tmp_path)
            seen.add(None if champion is None else champion.version)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 60):
            promote(tmp_path, str(number), "d", by="li", why="为什么" * 500)
    finally:
        done.set()
        reader.join()
    assert None not in seen

"""Replay: last week's ledger with another version, the most instructive disagreements first."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from paidan.errors import LedgerError
from paidan.ledger.answered import answers_since
from paidan.ledger.entry import Entry
from paidan.ledger.ledger import Ledger
from paidan.main import Context
from paidan.message import Message
from paidan.reading import masked_text
from paidan.router import Router
from paidan.workspace import Workspace
from tests.conftest import NOON, starter_records
from train.commands.replay import moment
from train.commands.replay import replay as command
from train.replay import by_worth, from_ledger, from_records, replay, worth


def answer(tag: str, p: float = 0.9, urgency: str = "low", would_be: str = "suggest") -> dict[str, Any]:
    return {"tag": {"id": tag, "probability": p}, "urgency": {"id": urgency}, "would_be": would_be}


@pytest.fixture
def ledger(workspace_copy: Workspace, tiny_router: Router) -> Ledger:
    """Forty answers of the tiny model, phone numbers and desk facts included."""
    found = Ledger.open(workspace_copy.ledger_url)
    entries = []
    for n, record in enumerate(starter_records(workspace_copy)[::13][:40]):
        raw = {
            "id": f"T-{n}",
            "text": record.text + "，电话13800001111",
            "channel": "app",
            "fields": {"region": "华东"},
        }
        message = Message.from_dict(raw)
        said = tiny_router.answer([message])[0]
        text = masked_text(message, tiny_router.bundle.normaliser)
        entries.append(Entry("crm", f"T-{n}", f"{n:032d}", text, said, NOON, "app", message.fields))
    found.keep(entries)
    return found


def test_the_same_model_changes_nothing(ledger: Ledger, tiny_router: Router) -> None:
    found = replay(from_ledger(answers_since(ledger, datetime.now(UTC) - timedelta(hours=1))), tiny_router)
    assert (found["answers"], found["changed"], found["disagreements"]) == (40, 0, [])


def test_only_the_span_that_was_asked_for_is_replayed(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    assert not list(answers_since(ledger, now + timedelta(minutes=1)))
    assert not list(answers_since(ledger, now - timedelta(hours=2), now - timedelta(hours=1)))
    first = next(answers_since(ledger, now - timedelta(hours=1)))
    assert (first.source, first.id, first.channel, first.fields) == ("crm", "T-0", "app", {"region": "华东"})
    assert "13800001111" not in first.masked_text


def test_pages_neither_lose_nor_repeat(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paidan.ledger.answered.PAGE", 7)
    ids = [str(one.id) for one in answers_since(ledger, datetime.now(UTC) - timedelta(hours=1))]
    assert sorted(ids) == sorted(f"T-{n}" for n in range(40))


def test_two_that_are_sure_of_different_things_teach_most() -> None:
    sure, unsure = worth(answer("a", 0.95), answer("b", 0.95)), worth(answer("a", 0.4), answer("b", 0.35))
    assert sure > unsure > worth(answer("a"), answer("a")) == 0
    assert worth(answer("a", urgency="high"), answer("a")) > worth(answer("a"), answer("a", urgency="high")) > sure
    assert worth(answer("a", would_be="auto"), answer("b")) > worth(answer("a"), answer("b"))


def test_the_tenth_of_a_kind_comes_behind_the_first_of_another() -> None:
    def row(place: str, value: float, tag: str) -> dict[str, Any]:
        return {
            "worth": value,
            "place": place,
            "then": {"tag": "a", "urgency": "low"},
            "now": {"tag": tag, "urgency": "low"},
        }

    rows = [row(f"b{n}", 0.9, "b") for n in range(10)] + [row("c", 0.5, "c")]
    places = [one["place"] for one in by_worth(rows)]
    assert places[0] == "b0"
    assert places.index("c") < places.index("b9")
    assert len(places) == 11


def test_a_file_is_replayed_against_the_champion(tiny_router: Router, workspace_copy: Workspace) -> None:
    records = starter_records(workspace_copy)[:30]
    assert replay(from_records(records, tiny_router), tiny_router)["changed"] == 0


def test_the_command_reads_the_ledger_and_records_nothing(
    ledger: Ledger, workspace_copy: Workspace, tiny_folder: Path, tmp_path: Path
) -> None:
    rows, page = tmp_path / "rows.jsonl", tmp_path / "page.html"
    arguments = ["--since", "1h", "--model", str(tiny_folder), "--json", "--rows", str(rows), "--html", str(page)]
    shown = CliRunner().invoke(command, arguments, obj=Context(workspace_copy.home), catch_exceptions=False)
    assert json.loads(shown.stdout)["answers"] == 40
    assert rows.is_file()
    assert "Replay with" in page.read_text(encoding="utf-8")
    assert ledger.counts()["predictions"] == 40


def test_a_time_is_a_span_or_iso() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert moment("2w", now) == now - timedelta(days=14)
    assert moment("2026-11-20T08:00:00+08:00").hour == 8
    with pytest.raises(LedgerError, match="'lately' is no time; write 7d"):
        moment("lately")

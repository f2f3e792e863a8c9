"""A scripted week through the command line: half the data, all of it, nonsense, back, and the same again."""

from __future__ import annotations

import json
import os
import random
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from paidan.bundle import Bundle
from paidan.message import Message
from paidan.workspace import Workspace, init_workspace
from tests.proof.server import PAIDAN
from train.deploy import versions

# 1: the whole starter set; 4: one message in four, for a quick look at the script itself.
SHARE = int(os.environ.get("PAIDAN_PROOF_SHARE", "1"))
pytestmark = pytest.mark.proof


def paidan(home: Path, *arguments: str, code: int = 0) -> Any:
    """Run a command; its JSON, or its words on stderr when it is to fail."""
    found = subprocess.run(
        [str(PAIDAN), "--home", str(home), *arguments], capture_output=True, text=True, check=False, cwd=home
    )
    assert found.returncode == code, found.stderr[-2000:]
    return found.stderr if code else json.loads(found.stdout) if "--json" in arguments else found.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("week") / "acme"
    init_workspace(folder)
    for path in (folder / "datasets" / "starter").glob("*.jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(lines[::SHARE]), encoding="utf-8")
    if SHARE > 1:
        # Written for a model of the whole set.
        (folder / "datasets" / "behaviour.jsonl").unlink(missing_ok=True)
    return folder


def test_a_week(home: Path) -> None:
    starter = home / "datasets" / "starter"
    whole = {path: path.read_text(encoding="utf-8").splitlines(keepends=True) for path in starter.glob("*.jsonl")}
    told: list[tuple[str, str]] = []

    def answers_now(version: str) -> None:
        lines = [line for line in paidan(home, "history", "--json") if line["event"] != "registered"]
        assert lines[-1]["version"] == version
        told.append((lines[-1]["since"], version))

    # Monday: half of the messages.
    for path, lines in whole.items():
        path.write_text("".join(lines[::2]), encoding="utf-8")
    paidan(home, "train", "--quick", "--json")
    paidan(home, "promote", "--why", "星期一", "--json")
    answers_now("1")
    # Tuesday: all of them.
    for path, lines in whole.items():
        path.write_text("".join(lines), encoding="utf-8")
    second = paidan(home, "train", "--quick", "--json")
    note = paidan(home, "compare", "champion", "challenger", "--json")
    assert note["before"]["model"] == "paidan/1"
    assert note["after"]["model"] == "paidan/2"
    share = note["tag"]["accuracy_also"]
    gate = paidan(home, "promote", "--why", "星期二", "--json")["gate"]
    assert gate["passed"]
    answers_now("2")
    # Wednesday: somebody sorted one column and not the other.
    rows = [json.loads(line) for lines in whole.values() for line in lines]
    tagged = [row for row in rows if row.get("tag")]
    labels = [{key: row.get(key) for key in ("tag", "urgency", "kind")} for row in tagged]
    random.Random(3).shuffle(labels)
    nonsense = home / "nonsense.jsonl"
    shuffled = [{**row, **label, "also": []} for row, label in zip(tagged, labels, strict=True)]
    nonsense.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in shuffled), encoding="utf-8")
    paidan(home, "train", str(nonsense), "--quick", "--json")
    refused = paidan(home, "promote", "--why", "星期三", code=1)
    assert "tags:" in refused
    assert "carry another tag in this training than in the frozen set" in refused
    # Thursday: back, and forth again.
    paidan(home, "rollback", "--why", "星期四", "--json")
    answers_now("1")
    paidan(home, "rollback", "--to", "2", "--why", "看错了", "--json")
    answers_now("2")
    # Friday: the same inputs once more.
    again = paidan(home, "train", "--quick", "--json")
    assert again["fingerprint"] == second["fingerprint"]
    kept = versions(Workspace(home))
    messages = [Message.from_text(row["text"]) for row in rows if row.get("text")][:1000]
    one, other = (
        kept.router(Bundle.load(kept.folder(version))).answer(messages) for version in ("2", again["version"])
    )
    assert len(one) == 1000
    same = [_bare(a) == _bare(b) for a, b in zip(one, other, strict=True)]
    assert all(same)
    # Saturday: who answered when.
    for place, (since, version) in enumerate(told):
        found = paidan(home, "history", "--at", since, "--json")
        assert [line["version"] for line in found] == [version]
        if place:
            before = datetime.fromisoformat(since).timestamp() - 0.002
            moment = datetime.fromtimestamp(before).astimezone().isoformat()
            assert paidan(home, "history", "--at", moment, "--json")[0]["version"] == told[place - 1][1]
    print(  # noqa: T201 – the figures of the proof
        f"\nweek: {len(rows):,} rows; half → all: {share['won']} fixed, {share['lost']} broken of {share['before']['n']}; "
        f"gate judged on {gate.get('judged_on')}, {gate['n']} records; 1,000 answers identical\nrefused: {refused}"
    )


def _bare(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without its version and the clock."""
    times = ("model", "received_at", "route")
    return {key: value for key, value in answer.items() if key not in times} | {"queue": answer["route"]["queue"]}

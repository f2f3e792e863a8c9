from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from paidan.bundle import Bundle
from paidan.champion import promote, read_champion, read_history, swaps
from paidan.commands.contract import contract
from paidan.errors import ContractError, RegistryError
from paidan.ledger.audits import AUDIT
from paidan.ledger.ledger import Ledger
from paidan.main import Context
from paidan.rollback import roll_back, target
from paidan.router import Router
from paidan.workspace import Workspace, init_workspace
from tests.paidan.ledger.sample import entry
from train.carry import contract_for


@pytest.fixture
def home(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace in which version 7 answers."""
    monkeypatch.delenv("PAIDAN_DATABASE_URL", raising=False)
    home = tmp_path / "acme"
    init_workspace(home)
    for version in ("6", "7"):
        promote(home / "models", version, version_of(tiny_folder, home, version), by="li", why="")
    return home


def version_of(folder: Path, home: Path, version: str) -> str:
    bundle = Bundle.load(folder)
    named = replace(bundle, identity={**bundle.identity, "name": "paidan", "version": version})
    return named.save(home / "models" / version)


def run(home: Path, *arguments: str) -> dict[str, Any]:
    said = CliRunner().invoke(contract, [*arguments, "--json"], obj=Context(home), catch_exceptions=False)
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def read_blind(home: Path, right: int, wrong: int = 0, start: int = 0) -> None:
    ledger = Ledger.open(Workspace(home).ledger_url)
    entries = [entry(f"T-{start + number}") for number in range(right + wrong)]
    ids = [told.answer["prediction_id"] for told in ledger.keep(entries)]
    for number, one in enumerate(ids):
        ledger.review(one, by="小王", cause=AUDIT, tag="process.invoice" if number >= right else "product.battery")
    ledger.close()


def test_blind_readings_prove_a_lead_switches_on_and_audits_break(home: Path) -> None:
    read_blind(home, 60)
    sixty = run(home, "status")
    assert [sixty[key] for key in ("state", "read", "still_to_read", "provable")] == ["trial", 60, 37, False]
    with pytest.raises(ContractError, match="At least 37 more"):
        run(home, "on")
    read_blind(home, 37, start=60)
    assert run(home, "on", "--why", "抽样盲读通过")["state"] == "proven"
    assert run(home, "status")["new"] == 0
    read_blind(home, 0, 6, start=97)
    broken = run(home, "status")
    assert (broken["state"], broken["audits_wrong"], broken["read"]) == ("broken", 6, 97)
    assert run(home, "off")["read"] == 0
    lines = [(line["version"], line["contract"]["state"], line["why"]) for line in read_history(home / "models")]
    assert lines[2:] == [("7", "proven", "抽样盲读通过"), ("7", "broken", "blind readings"), ("7", "trial", "")]
    assert len(swaps(read_history(home / "models"))) == 2


def test_readings_by_hand_need_a_reason(home: Path) -> None:
    with pytest.raises(ContractError, match="need a reason"):
        run(home, "on", "--read", "127", "--wrong", "1")
    found = run(home, "on", "--read", "127", "--wrong", "1", "--why", "质检组线下盲读")
    assert (found["state"], found["read"], found["wrong"]) == ("proven", 127, 1)
    champion = read_champion(home / "models")
    assert champion is not None and champion.contract.state == "proven"


def test_a_version_comes_back_with_the_contract_that_it_left_with(home: Path, tiny_folder: Path) -> None:
    run(home, "on", "--read", "97", "--wrong", "0", "--why", "盲读")
    promote(home / "models", "8", version_of(tiny_folder, home, "8"), by="li", why="")
    assert run(home, "status")["state"] == "trial"
    assert roll_back(home / "models", target(home / "models", None), by="li").contract.state == "proven"


def test_a_new_version_answers_the_sample_of_the_one_before(home: Path, tiny_router: Router) -> None:
    workspace = Workspace(home)
    read_blind(home, 30)
    found, said = contract_for(workspace, tiny_router, "9")
    assert found.state == "trial" and found.read <= 30
    assert said is not None and said.startswith("contract trial: 30 readings of version 7 answered again")


def test_without_a_champion_there_is_no_contract(tmp_path: Path) -> None:
    init_workspace(tmp_path / "acme")
    with pytest.raises(RegistryError, match="nothing was promoted yet"):
        run(tmp_path / "acme", "status")

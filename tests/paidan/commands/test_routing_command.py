from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from paidan.commands.routing import routing
from paidan.errors import RoutingError
from paidan.main import Context

DATASETS = Path(__file__).parents[3] / "datasets"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "datasets").mkdir()
    for name in ("taxonomy", "routing", "holidays"):
        shutil.copy(DATASETS / f"{name}.yaml", tmp_path / "datasets")
    return tmp_path


def spoil(home: Path, old: str, new: str, name: str = "routing") -> None:
    path = home / "datasets" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_check_says_that_the_shipped_table_is_in_order(home: Path) -> None:
    result = CliRunner().invoke(routing, ["check"], obj=Context(home))
    assert result.exit_code == 0
    assert "in order: 14 queues" in result.output
    assert "known up to 2026-12-31" in result.output


def test_check_tells_all_problems_of_both_files_and_fails(home: Path) -> None:
    spoil(home, "when: {scope: praise}, queue: service-quality", "when: {scope: prise}, queue: service-qualty")
    result = CliRunner().invoke(routing, ["check", "--home", str(home)])
    assert result.exit_code == 1
    assert (
        "routing.yaml: rule 'praise': unknown queue 'service-qualty' (did you mean 'service-quality'?)" in result.output
    )
    assert "routing.yaml: rule 'praise': unknown scope 'prise' (did you mean 'praise'?)" in result.output
    assert "2 to put right" in result.output


def test_check_tells_more_than_ten_problems(home: Path) -> None:
    path = home / "datasets" / "routing.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('service_hours: "Mon-', 'service_hours: "Mo-'), encoding="utf-8"
    )
    result = CliRunner().invoke(routing, ["check", "--json"], obj=Context(home))
    report = json.loads(result.output)
    assert (result.exit_code, report["ok"]) == (1, False)
    assert len(report["problems"]) > 10


def test_check_reports_a_bad_calendar_as_well(home: Path) -> None:
    spoil(home, "    certainty: known", "    certainty: sure", "holidays")
    result = CliRunner().invoke(routing, ["check"], obj=Context(home))
    assert result.exit_code == 1
    assert "holidays.yaml: year 2025: certainty 'sure' is not allowed" in result.output


def test_check_names_the_tags_that_no_rule_names_and_the_warnings(home: Path) -> None:
    spoil(home, "{tag: service.premises}", "{tag: service.outage}")
    result = CliRunner().invoke(routing, ["check"], obj=Context(home))
    assert result.exit_code == 0
    assert "no rule names service.premises: these go to 分诊台" in result.output
    assert "warning: rule 'premises' never fires: 'outage' above it" in result.output


def test_check_as_json_describes_the_table(home: Path) -> None:
    report = json.loads(CliRunner().invoke(routing, ["check", "--json"], obj=Context(home)).output)
    assert report["ok"] is True
    assert report["tags_left_to_default"] == []
    assert report["calendar_end"] == "2026-12-31"


def test_try_shows_the_route_of_the_contract_example(home: Path) -> None:
    arguments = ["try", "--tag", "产品故障-电池续航", "--tier", "medium", "--at", "2026-11-20T17:50", "--json"]
    route = json.loads(CliRunner().invoke(routing, arguments, obj=Context(home)).output)
    assert route["queue"] == {"id": "after-sales", "name": "售后组"}
    assert route["respond_by"] == "2026-11-23T10:50:00+08:00"
    assert route["resolve_by"] == "2026-11-23T11:00:00+08:00"


def test_try_prints_a_line_for_each_part(home: Path) -> None:
    arguments = ["try", "--scope", "noise", "--tier", "low", "--decision", "human", "--field", "region=华东"]
    result = CliRunner().invoke(routing, arguments, obj=Context(home))
    assert result.exit_code == 0
    assert "queue        分诊台 (triage)" in result.output
    assert "rule         –" in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--tag", "product.batery", "--tier", "low"],
            r"'product\.batery' is not in the taxonomy\. Did you mean 'product\.battery'",
        ),
        (["--tag", "product.battery", "--tier", "low", "--at", "friday"], "'friday' is no time; write it like"),
    ],
)
def test_try_refuses_what_it_cannot_read(home: Path, arguments: list[str], sentence: str) -> None:
    with pytest.raises(RoutingError, match=sentence):
        CliRunner().invoke(routing, ["try", *arguments], obj=Context(home), catch_exceptions=False)


def test_try_is_misused_without_a_tier_or_with_a_field_that_is_no_pair(home: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(routing, ["try", "--tag", "product.battery"], obj=Context(home)).exit_code == 2
    result = runner.invoke(routing, ["try", "--tier", "low", "--field", "region"], obj=Context(home))
    assert result.exit_code == 2
    assert "is no KEY=VALUE" in result.output


def test_the_workspace_may_come_from_the_environment_or_the_current_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDAN_HOME", str(home))
    assert CliRunner().invoke(routing, ["check"]).exit_code == 0
    monkeypatch.delenv("PAIDAN_HOME")
    monkeypatch.chdir(home)
    assert CliRunner().invoke(routing, ["check"]).exit_code == 0


def test_a_folder_that_is_no_workspace_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(routing, ["check", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "not found. `paidan init DIR` makes a workspace" in result.output


@pytest.mark.parametrize("command", [routing, *routing.commands.values()])
def test_every_help_has_an_example(command: click.Command) -> None:
    assert "Example: paidan routing" in (command.help or "")

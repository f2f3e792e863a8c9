"""Docs cannot rot: every command, setting, endpoint and figure is documented."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pytest

from paidan.main import cli
from paidan.settings import Settings

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def command_names(group: click.Group, prefix: str = "paidan") -> Iterable[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield f"{prefix} {name}"
        if isinstance(command, click.Group):
            yield from command_names(command, f"{prefix} {name}")


def options(group: click.Group, prefix: str = "paidan") -> Iterable[tuple[str, str]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from options(command, f"{prefix} {name}")
        elif command is not None:
            yield from (
                (f"{prefix} {name}", option)
                for one in command.params
                if isinstance(one, click.Option)
                for option in one.opts
            )


def routes() -> list[tuple[str, str]]:
    """Method and path of every endpoint of the API."""
    from serve.app import create_app

    schema: dict[str, Any] = create_app(home=ROOT).openapi()
    return [(method.upper(), path) for path, methods in schema["paths"].items() for method in methods]


def test_every_command_has_a_section() -> None:
    assert isinstance(cli, click.Group)
    sections = set(re.findall(r"^## (paidan [\w -]+)$", page("cli.md"), re.MULTILINE))
    tops = {" ".join(section.split()[:2]) for section in sections}
    missing = [name for name in command_names(cli) if name not in sections and name not in page("cli.md")]
    assert missing == []
    assert {name for name in command_names(cli) if len(name.split()) == 2} == tops


def test_every_option_is_in_its_commands_section() -> None:
    assert isinstance(cli, click.Group)
    text = page("cli.md")
    sections = dict(zip(*[iter(re.split(r"^## (paidan [\w -]+)$", text, flags=re.MULTILINE)[1:])] * 2, strict=True))
    missing = [f"{name} {option}" for name, option in options(cli) if option not in sections.get(name, "")]
    assert missing == []


def test_every_setting_is_documented_with_its_default_and_none_that_is_gone() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page("settings.md"), re.MULTILINE))
    assert set(rows) == set(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            assert f"`{field.default}`" == rows[name], name


def test_every_endpoint_is_documented_and_none_that_is_gone() -> None:
    documented = set(re.findall(r"`(GET|POST|PUT|DELETE|PATCH) (/[^`\s?]*)`", page("http.md")))
    missing = [route for route in routes() if route not in documented]
    assert missing == []
    assert {route for route in documented if route[1].startswith("/v1/")} <= set(routes())


def test_every_figure_is_documented_and_none_that_is_gone() -> None:
    from prometheus_client import Counter

    from serve.metrics import Metrics

    names = set()
    for collector in vars(Metrics()).values():
        if hasattr(collector, "describe"):
            name = collector.describe()[0].name
            names.add(f"{name}_total" if isinstance(collector, Counter) else name)
    assert len(names) > 5
    assert set(re.findall(r"^\| `(paidan_\w+)`", page("metrics.md"), re.MULTILINE)) == names


@pytest.mark.parametrize("path", sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")]), ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []

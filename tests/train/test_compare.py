"""A comparison: fixed and broken rows, figures in pairs, other taxonomies, terminal, JSON and page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from paidan.main import Context
from paidan.message import Message
from paidan.router import Router
from paidan.taxonomy import Taxonomy
from paidan.workspace import Workspace
from tests.conftest import starter_records
from tests.train.placing import learn_from, place, shuffled
from train.commands.compare import compare_versions
from train.compare import Compared, compare
from train.compare_page import comparison_page, headline
from train.learn import Learned
from train.records import Record
from train.shared_tags import SharedTags


@pytest.fixture(scope="session")
def half_shuffled(tiny_home: Path) -> Learned:
    """A model that was taught nonsense about products."""
    workspace = Workspace(tiny_home)
    nonsense = shuffled(starter_records(workspace), lambda one: str(one.labels["tag"]).startswith("product."))
    return learn_from(workspace, nonsense)


@pytest.fixture
def other(half_shuffled: Learned, tiny_router: Router) -> Compared:
    return Compared("2", Router(half_shuffled.bundle, tiny_router.routing, clock=tiny_router.clock))


@pytest.fixture
def records(tiny_learned: Learned) -> tuple[Record, ...]:
    return tiny_learned.held_out_records


def test_what_was_fixed_one_way_is_broken_the_other(
    tiny_router: Router, other: Compared, records: tuple[Record, ...]
) -> None:
    mine = Compared("1", tiny_router)
    there, back = compare(mine, other, records), compare(other, mine, records)
    assert there["broken"]
    assert [row["text"] for row in there["broken"]] == [row["text"] for row in back["fixed"]]
    share = there["tag"]["accuracy_also"]
    assert (share["won"], share["lost"]) == (len(there["fixed"]), len(there["broken"]))
    assert share["delta"]["low"] <= share["delta"]["value"] <= share["delta"]["high"]
    assert sum(tag["lost"] for tag in there["per_tag"].values()) == share["lost"]
    row = there["broken"][0]
    assert row["before"]["tag"] in (row["tag"], *row["also"])
    assert row["after"]["tag"] not in (row["tag"], *row["also"])
    assert sum(there["decisions"]["before"].values()) == there["rows"] == len(records)
    assert there["speed"]["before_ms"] > 0


def test_a_model_compared_with_itself_changes_nothing(tiny_router: Router, records: tuple[Record, ...]) -> None:
    found = compare(Compared("1", tiny_router), Compared("1", tiny_router), records)
    assert not found["fixed"]
    assert not found["broken"]
    assert not found["decisions"]["moved"]
    assert all(tag["p"] == 1 for tag in found["per_tag"].values())


def test_texts_are_masked(tiny_router: Router, other: Compared, records: tuple[Record, ...]) -> None:
    private = [replace(r, message=Message.from_text(r.text + "电话13800001111")) for r in records]
    found = compare(Compared("1", tiny_router), other, private)
    assert "13800001111" not in json.dumps(found, ensure_ascii=False)
    assert "＊＊＊" in json.dumps(found["broken"], ensure_ascii=False)


def test_other_taxonomies_compare_on_what_they_share() -> None:
    older, newer = Taxonomy.infer(["退款", "物流", "发票"]), Taxonomy.infer(["退款", "物流", "续航"])
    shared = SharedTags.between(older, newer)
    assert shared.both == {"退款", "物流"}
    assert (shared.lost, shared.added, shared.replaced) == (("发票",), ("续航",), False)
    renamed = Taxonomy(newer.version, newer.tags, {"发票": "续航"})
    assert SharedTags.between(older, renamed).both == {"退款", "物流", "续航"}
    assert SharedTags.between(older, Taxonomy.infer(["甲", "乙"])).replaced


def test_the_page_stands_alone_and_shows_every_row(
    tiny_router: Router, other: Compared, records: tuple[Record, ...]
) -> None:
    found = compare(Compared("1", tiny_router), other, records)
    page = comparison_page(found).html()
    assert headline(found).split(":")[0] in page
    assert page.count('<td class="text">') >= len(found["broken"]) + len(found["fixed"])
    for outside in ("<script", "<link", "http://", "https://", "url("):
        assert outside not in page


def test_the_command_writes_a_table_a_page_and_json(
    workspace_copy: Workspace, tiny_learned: Learned, half_shuffled: Learned, tmp_path: Path
) -> None:
    place(workspace_copy, tiny_learned, "1")
    place(workspace_copy, half_shuffled, "2")
    run = CliRunner()
    context = Context(workspace_copy.home)
    page = tmp_path / "note.html"
    shown = run.invoke(compare_versions, ["1", "2", "--html", str(page)], obj=context, catch_exceptions=False)
    assert "compared by tag" in shown.output
    assert "Broken:" in shown.output
    assert page.is_file()
    found = json.loads(run.invoke(compare_versions, ["1", "2", "--json"], obj=context, catch_exceptions=False).stdout)
    assert (found["before"]["model"], found["after"]["model"]) == ("paidan/1", "paidan/2")
    assert found["after"]["bytes"] > 100_000

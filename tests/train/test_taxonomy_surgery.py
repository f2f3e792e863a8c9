"""Surgery on the tags: ids never come back, old ones stay understood, records follow or wait, impact is told first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from paidan.errors import TaxonomyError
from paidan.main import Context
from paidan.migrations import Migrations
from paidan.taxonomy import Taxonomy
from paidan.workspace import Workspace
from tests.conftest import NOON, starter_records
from tests.train.placing import place
from train import surgery
from train.commands.taxonomy import taxonomy as command
from train.deploy import versions
from train.honest import Honest
from train.impact import flags, impact
from train.learn import Learned
from train.taxonomy_text import TaxonomyText

BLOCK = """# 起首的话
version: "1"
categories:
  - {id: a, name: 甲类}
  - {id: b, name: 乙类}
tags:
  # ---- 甲 ----
  - id: a.one
    name: 甲一
    definition: >
      折行的
      定义
    not:
      - {when: 其实是二, goes_to: a.two}
      - {when: 两个都像, goes_to: [a.two, b.three]}
  - id: a.two
    name: 甲二     # 注
    not:
      - {when: 其实是一, goes_to: a.one}
  # ---- 乙 ----
  - {id: b.three, name: 乙三}
"""


def tags_of(workspace: Workspace) -> list[str | None]:
    return [record.labels.get("tag") for record in starter_records(workspace)]


def honest(tag: str, *shares: tuple[str, float]) -> Honest:
    return Honest(tag, tag, (), shares, None, None)


def test_comments_and_layout_outlive_an_edit() -> None:
    text = (
        TaxonomyText(BLOCK)
        .pointed(("a.two",), "b.three")
        .without("a.two")
        .valued("b.three", "name", "乙三：新")
        .checked()
    )
    assert "# 起首的话" in text.text
    assert "# ---- 乙 ----" in text.text
    assert "a.two" not in text.text
    assert text.taxonomy.ids == ("a.one", "b.three")
    assert text.taxonomy.tags[1].name == "乙三：新"


@pytest.mark.parametrize("after", ["a.one", "a.two", "b.three"])
def test_a_new_tag_is_added_behind_another(after: str) -> None:
    text = (
        TaxonomyText(BLOCK).added({"id": "b.four", "name": "乙四", "definition": "含 {括号}: 和冒号"}, after).checked()
    )
    assert text.taxonomy.ids.index("b.four") == text.taxonomy.ids.index(after) + 1
    assert text.taxonomy.find("乙四") is not None
    assert yaml.safe_load(text.text)["tags"][text.taxonomy.ids.index("b.four")]["definition"] == "含 {括号}: 和冒号"


def test_a_border_with_itself_goes_away() -> None:
    text = TaxonomyText(BLOCK).pointed(("a.two",), "a.one").without("a.two").checked()
    assert [border.when for border in text.taxonomy.tags[0].borders] == []


def test_a_renamed_tag_is_understood_by_its_old_id_and_name(workspace_copy: Workspace) -> None:
    before = tags_of(workspace_copy).count("product.display")
    planned = surgery.rename(workspace_copy, "product.display", "product.screen", "产品故障-屏幕")
    assert planned.records() == {"relabelled": before, "queued": 0}
    assert "product.screen" not in workspace_copy.taxonomy().ids
    planned.apply("更清楚", None)
    tags = workspace_copy.taxonomy()
    for old in ("product.display", "产品故障-屏幕显示", "product.screen"):
        found = tags.find(old)
        assert found is not None
        assert found.id == "product.screen"
    assert tags_of(workspace_copy).count("product.screen") == before
    assert Taxonomy.from_dict(json.loads(json.dumps(tags.to_dict()))).find("product.display") is not None
    routing = workspace_copy.routing(tags)
    assert routing.route(tag="product.screen", tier="low", decision="auto", received_at=NOON).rule is not None


def test_ids_are_never_used_again(workspace_copy: Workspace) -> None:
    surgery.rename(workspace_copy, "product.display", "product.screen", None).apply("", None)
    with pytest.raises(TaxonomyError, match=r"'product\.display' was the id of a tag that is no more"):
        surgery.add(workspace_copy, "product.display", "新标签", "")
    with pytest.raises(TaxonomyError, match=r"'process\.invoice' is the id, name or code of a tag already"):
        surgery.rename(workspace_copy, "product.battery", "process.invoice", None)
    with pytest.raises(TaxonomyError, match=r"Did you mean 'product\.battery'"):
        surgery.retire(workspace_copy, "product.batery")


def test_merged_tags_become_one_and_chains_are_followed(workspace_copy: Workspace) -> None:
    n = sum(tag in ("product.battery", "product.display") for tag in tags_of(workspace_copy))
    surgery.merge(
        workspace_copy, ["product.battery", "product.display"], "product.parts", "产品故障-部件", "各种部件"
    ).apply("", None)
    surgery.rename(workspace_copy, "product.parts", "product.part", None).apply("", None)
    tags = workspace_copy.taxonomy()
    assert tags.aliases["product.battery"] == "product.part"
    assert "product.battery" not in tags.ids
    assert tags_of(workspace_copy).count("product.part") == n
    done = Migrations.read(workspace_copy.datasets / "migrations")
    assert [one.operation for one in done.applied] == ["merge", "rename"]
    assert done.spent == {"product.battery", "product.display", "product.parts"}


def test_a_retired_tag_s_records_wait_for_a_reader(workspace_copy: Workspace) -> None:
    planned = surgery.retire(workspace_copy, "service.outage")
    counts = planned.records()
    planned.apply("不再受理", None)
    queue = next((workspace_copy.datasets / "relabel").glob("*.jsonl"))
    rows = [json.loads(line) for line in queue.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == counts["queued"] > 0
    assert {row["was"] for row in rows} == {"service.outage"}
    assert not any("tag" in row for row in rows)
    assert "service.outage" not in tags_of(workspace_copy)
    assert workspace_copy.taxonomy().find("service.outage") is None
    assert Migrations.read(workspace_copy.datasets / "migrations").retired == ("service.outage",)


def test_an_added_tag_queues_its_neighbours_records(workspace_copy: Workspace) -> None:
    planned = surgery.add(
        workspace_copy,
        "process.e-invoice",
        "流程问题-电子发票",
        "电子发票收不到",
        near=["process.invoice"],
        words=["电子"],
    )
    texts = [
        r.text for r in starter_records(workspace_copy) if r.labels.get("tag") == "process.invoice" and "电子" in r.text
    ]
    assert planned.records()["queued"] == len(texts)
    planned.apply("", None)
    assert "process.e-invoice" in workspace_copy.taxonomy().ids


def test_a_merge_is_estimated_by_adding_probabilities_up() -> None:
    answers = [
        honest("a", ("b", 0.5), ("a", 0.4), ("c", 0.1)),
        honest("b", ("c", 0.4), ("a", 0.35), ("b", 0.25)),
        honest("c", ("c", 0.9), ("a", 0.1)),
    ]
    found = impact(answers, {"b": "a"})
    assert (found["accuracy"]["won"], found["accuracy"]["lost"]) == (2, 0)
    found = impact(answers, {}, gone=["c"])
    assert found["without_a_tag"] == 1
    assert found["accuracy"]["now"]["n"] == 2


def test_overlapping_and_never_predicted_tags_are_flagged() -> None:
    answers = [honest("a", ("b" if n % 2 else "a", 0.6), ("b" if n % 2 == 0 else "a", 0.4)) for n in range(20)]
    answers += [honest("b", ("b", 0.8)) for _ in range(10)] + [honest("d", ("a", 0.5), ("d", 0.2))]
    found = flags(answers, Taxonomy.infer(["a", "b", "d", "e"]))
    assert [row["tags"] for row in found["overlapping"]] == [["a", "b"]]
    assert found["overlapping"][0]["if_merged"]["value"] > 0
    assert found["never_predicted"] == ["d"]
    assert found["without_records"] == ["e"]


def test_the_command_tells_before_it_does(workspace_copy: Workspace, tiny_learned: Learned) -> None:
    place(workspace_copy, tiny_learned, "1")
    versions(workspace_copy).promote("1", why="", force=False)
    run, context = CliRunner(), Context(workspace_copy.home)
    before = (workspace_copy.datasets / "taxonomy.yaml").read_text(encoding="utf-8")
    arguments = ["merge", "product.battery", "product.display", "--into", "product.battery"]
    shown = run.invoke(command, arguments, obj=context, catch_exceptions=False)
    assert "impact, estimated on" in shown.output
    assert "nothing was changed; --yes does it" in shown.output
    assert (workspace_copy.datasets / "taxonomy.yaml").read_text(encoding="utf-8") == before
    found = json.loads(run.invoke(command, [*arguments, "--yes", "--json"], obj=context, catch_exceptions=False).stdout)
    assert found["applied"]
    assert found["migration"]["impact"]["accuracy"]["now"]["n"] > 300
    checked = run.invoke(command, ["check", "--json"], obj=context, catch_exceptions=False)
    assert json.loads(checked.stdout)["aliases"]["product.display"] == "product.battery"


def test_a_damaged_migration_is_named(tmp_path: Path) -> None:
    (tmp_path / "0001-x.yaml").write_text("operation: explode\n", encoding="utf-8")
    with pytest.raises(TaxonomyError, match=r"0001-x\.yaml: not a migration"):
        Migrations.read(tmp_path)

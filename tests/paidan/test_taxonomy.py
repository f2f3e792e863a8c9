"""The taxonomy: found by id, name or own code; every problem of a file told at once; an identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from paidan.errors import TaxonomyError
from paidan.taxonomy import Border, Category, Taxonomy

RAW: dict[str, Any] = {
    "version": 3,
    "categories": [{"id": "process", "name": "流程问题"}, {"id": "service", "name": "服务问题"}],
    "tags": [
        {"id": "process.refund", "name": "退款拖延", "definition": "退款没到", "code": 101,
         "not": [{"when": "退货被拒", "goes_to": "process.return"}, {"when": "只是问问", "goes_to": None}]},
        {"id": "process.return", "name": "退货被拒", "code": "A-7"},
        {"id": "wifi", "name": "断网", "category": "service"},
    ],
}  # fmt: skip


def problems_of(raw: object) -> tuple[str, ...]:
    with pytest.raises(TaxonomyError, match="taxonomy") as caught:
        Taxonomy.from_dict(raw)
    return caught.value.problems


def test_a_tag_is_found_by_id_name_or_own_code() -> None:
    taxonomy = Taxonomy.from_dict(RAW)
    for key in ("process.refund", "退款拖延", "101", "  退款拖延 "):
        found = taxonomy.find(key)
        assert found is not None
        assert found.id == "process.refund"
    assert taxonomy.find("退款") is None


def test_a_taxonomy_can_be_a_key_also_with_old_ids() -> None:
    old = Taxonomy.from_dict({**RAW, "aliases": {"process.money": "process.refund"}})
    assert {old: 1}[Taxonomy.from_dict(old.to_dict())] == 1
    found = old.find("process.money")
    assert found is not None
    assert found.id == "process.refund"


def test_an_id_wins_over_another_tags_code() -> None:
    taxonomy = Taxonomy.infer(["a", "b"])
    assert [tag.id for tag in taxonomy.tags if taxonomy.find(tag.id) is tag] == ["a", "b"]


def test_the_nearest_tag_is_named_for_a_slip_and_none_for_anything_else() -> None:
    taxonomy = Taxonomy.from_dict(RAW)
    assert taxonomy.nearest("退款托延") == "process.refund"
    assert taxonomy.nearest("zzzzz") is None


def test_a_category_is_given_or_the_beginning_of_the_id() -> None:
    assert [tag.category for tag in Taxonomy.from_dict(RAW).tags] == [
        Category("process", "流程问题"),
        Category("process", "流程问题"),
        Category("service", "服务问题"),
    ]


def test_borders_lead_to_tags_or_to_none() -> None:
    assert Taxonomy.from_dict(RAW).tags[0].borders == (Border("退货被拒", ("process.return",)), Border("只是问问", ()))


def test_the_digest_is_of_the_meaning_and_not_of_the_writing() -> None:
    taxonomy = Taxonomy.from_dict(RAW)
    again = Taxonomy.from_dict(taxonomy.to_dict())
    assert again == taxonomy
    assert again.digest == taxonomy.digest
    other = {**RAW, "tags": [{**RAW["tags"][0], "definition": "退款没有到"}, *RAW["tags"][1:]]}
    assert Taxonomy.from_dict(other).digest != taxonomy.digest


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (None, "expected a mapping with a list `tags`"),
        ([], "expected a mapping with a list `tags`"),
        ({"tags": {}}, "expected a mapping with a list `tags`"),
        ({"tags": []}, "`tags` is empty; a model needs at least two"),
        ({"tags": ["退款"]}, "tag '退款' needs `id` and `name`"),
        ({"tags": [{"id": "a"}]}, "tag {'id': 'a'} needs `id` and `name`"),
        ({"tags": [{"id": "a", "name": "甲"}], "categories": "x"}, "category 'x' needs `id` and `name`"),
        ({"tags": [{"id": "a", "name": "甲", "not": "乙"}]}, "tag 'a': `not` is a list of {when, goes_to}, found '乙'"),
        ({"tags": [{"id": "a", "name": "甲"}, {"id": "a", "name": "乙"}]}, "tag 'a': id 'a' is taken by 'a'"),
        ({"tags": [{"id": "a", "name": "甲"}, {"id": "b", "name": "甲"}]}, "tag 'b': name '甲' is taken by 'a'"),
        ({"tags": [{"id": "a", "name": "甲", "code": "b"}, {"id": "b", "name": "乙"}]}, "tag 'b': id 'b' is taken by 'a'"),
        ({"tags": [{"id": "a", "name": "甲", "not": [{"goes_to": "z"}]}]}, "tag 'a': `goes_to` names 'z', which is no tag"),
        ({"tags": [{"id": "x.a", "name": "甲"}], "categories": [{"id": "y", "name": "丙"}]},
         "tag 'x.a' is of category 'x', which is not listed under `categories`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(raw: object, sentence: str) -> None:
    assert sentence in problems_of(raw)


def test_all_problems_are_told_at_once_the_first_ten_and_how_many_more() -> None:
    raw = {"tags": [{"id": f"t{n}"} for n in range(14)]}
    with pytest.raises(TaxonomyError, match="… and 4 more") as caught:
        Taxonomy.from_dict(raw)
    assert len(caught.value.problems) == 14
    assert len(str(caught.value).splitlines()) == 11


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(yaml.safe_dump(RAW, allow_unicode=True), encoding="utf-8-sig")
    assert Taxonomy.load(path) == Taxonomy.from_dict(RAW)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("tags: [{id: a, name: 甲}".encode(), "not readable as UTF-8 YAML"),
        ("tags: [{id: a, name: 甲}]".encode("gb18030"), "not readable as UTF-8 YAML"),
    ],
)
def test_a_file_that_is_no_utf8_yaml_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_bytes(content)
    with pytest.raises(TaxonomyError, match=sentence):
        Taxonomy.load(path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"not found\. `paidan init DIR` makes a workspace"):
        Taxonomy.load(tmp_path / "taxonomy.yaml")


def test_the_shipped_taxonomy_has_thirty_to_sixty_tags_each_defined_and_bordered(repository: Path) -> None:
    taxonomy = Taxonomy.load(repository / "datasets" / "taxonomy.yaml")
    assert 30 <= len(taxonomy.tags) <= 60
    assert [tag.id for tag in taxonomy.tags if not tag.definition or tag.category is None] == []

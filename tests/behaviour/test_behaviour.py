"""Every behaviour case, on a model of the whole starter set: none may fail, whatever the averages say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from paidan.router import Router
from paidan.taxonomy import Taxonomy
from train.behaviour import Case, read_cases, run_cases

DATASETS = Path(__file__).parent.parent.parent / "datasets"
CASES = read_cases(DATASETS / "behaviour.jsonl")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_model_behaves(starter_router: Router, case: Case) -> None:
    failures, skipped = run_cases(starter_router, [case])
    assert (failures, skipped) == ([], []), "; ".join(map(str, failures))


def test_every_tag_has_a_plain_sentence() -> None:
    taxonomy = Taxonomy.load(DATASETS / "taxonomy.yaml")
    named = {tag for case in CASES if case.kind == "minimum" for tag in case.tags}
    assert set(taxonomy.ids) - named == set()


def test_cases_are_of_all_three_kinds_and_named_once() -> None:
    kinds = Counter(case.kind for case in CASES)
    assert kinds["minimum"] >= 60 and kinds["invariance"] >= 40 and kinds["direction"] >= 20
    assert [name for name, n in Counter(case.name for case in CASES).items() if n > 1] == []


def test_no_case_stands_in_the_starter_set(starter_texts: tuple[str, ...]) -> None:
    learned = set(starter_texts)
    assert [case.name for case in CASES if case.text in learned or case.changed in learned] == []

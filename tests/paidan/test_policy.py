"""The policy table: which row a promise chooses, and the way to JSON and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paidan.errors import BundleError
from paidan.policy import Limits, Policy, PolicyTable

TABLE = PolicyTable(
    (Policy(0.9, 0.7, {"退款": 0.8}, 120, 0.91), Policy(0.95, 0.85, {}, 80, 0.953), Policy(0.99, 2.0)),
    Limits(high=0.3, set_mass={0.8: 0.7, 0.95: 0.93}),
)


@pytest.mark.parametrize(
    ("promised", "row"), [(0.5, 0.9), (0.9, 0.9), (0.91, 0.95), (0.95, 0.95), (0.96, 0.99), (0.99, 0.99)]
)
def test_the_nearest_row_that_promises_as_much_is_chosen(promised: float, row: float) -> None:
    assert TABLE.policy(promised).precision == row


def test_nothing_is_promised_beyond_the_table() -> None:
    policy = TABLE.policy(0.995)
    assert policy.threshold > 1
    assert policy.n == 0


@pytest.mark.parametrize(("coverage", "mass"), [(0.5, 0.7), (0.8, 0.7), (0.81, 0.93), (0.95, 0.93), (0.99, 1.0)])
def test_a_coverage_chooses_the_mass_that_gives_it_or_everything(coverage: float, mass: float) -> None:
    assert TABLE.mass(coverage) == mass


def test_a_stricter_tag_never_lowers_the_bar() -> None:
    policy = Policy(0.9, 0.7, {"退款": 0.8, "物流": 0.1})
    assert [policy.bar(tag) for tag in ("退款", "物流", "其他")] == [0.8, 0.7, 0.7]


def test_a_table_comes_back_from_json_as_it_went() -> None:
    assert PolicyTable.from_dict(json.loads(json.dumps(TABLE.to_dict()))) == TABLE


@pytest.mark.parametrize(
    "raw", [{}, {"policies": [], "limits": {}}, {"policies": [{"x": 1}], "limits": {"set_mass": {}}}, {"limits": 3}]
)
def test_what_is_no_table_is_refused_by_name(raw: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match=r"policy\.json is not a policy table"):
        PolicyTable.from_dict(raw)

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from paidan.errors import RecordsError
from paidan.message import Message
from train.records import Record
from train.split import group_keys, grouped_folds, holdout

TAGS = ("退款", "续航", "快递", "发票")


def _mixed(count: int, groups: int, seed: int = 0) -> tuple[list[str | None], list[str]]:
    draw = random.Random(seed)
    keys = [f"客户{draw.randrange(groups)}" if groups and draw.random() < 0.6 else None for _ in range(count)]
    return keys, [draw.choice(TAGS) for _ in range(count)]


@pytest.mark.parametrize("groups", [0, 3, 40, 400])
def test_every_record_is_tested_once_and_no_group_is_split(groups: int) -> None:
    keys, tags = _mixed(1000, groups)
    folds = grouped_folds(keys, tags, 5, seed=1)
    assert sorted(np.concatenate(folds).tolist()) == list(range(1000))
    homes: dict[str, set[int]] = {}
    for number, fold in enumerate(folds):
        for index in fold:
            key = keys[index]
            if key is not None:
                homes.setdefault(key, set()).add(number)
    assert all(len(home) == 1 for home in homes.values())


@pytest.mark.parametrize("groups", [0, 400])
def test_folds_hold_tags_alike(groups: int) -> None:
    keys, tags = _mixed(2000, groups)
    for fold in grouped_folds(keys, tags, 5, seed=1):
        assert 380 <= len(fold) <= 420
        counts = Counter(tags[index] for index in fold)
        assert all(80 <= counts[tag] <= 120 for tag in TAGS)


def test_same_seed_same_folds_and_another_seed_others() -> None:
    keys, tags = _mixed(300, 30)
    one, same, other = (grouped_folds(keys, tags, 3, seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert any(len(a) != len(b) or (a != b).any() for a, b in zip(one, other, strict=True))


def test_rare_tags_are_spread_without_complaint() -> None:
    tags: list[str | None] = [*["退款"] * 40, "只此一条", "两条", "两条", None]
    folds = grouped_folds([None] * 44, tags, 5, seed=0)
    assert [len(fold) for fold in folds].count(0) == 0
    assert sorted(np.concatenate(folds).tolist()) == list(range(44))
    assert len(grouped_folds([None] * 3, ["甲", "乙", "丙"], 3, seed=0)) == 3


def test_large_groups_and_single_records_even_out() -> None:
    keys: list[str | None] = [f"g{i % 7}" for i in range(700)] + [None] * 3
    folds = grouped_folds(keys, ["退款"] * 703, 5, seed=0)
    assert min(len(fold) for fold in folds) >= 100


def test_fewer_groups_than_folds_is_refused() -> None:
    with pytest.raises(RecordsError, match="2 groups of records cannot be split into 3 folds"):
        grouped_folds(["甲", "甲", "乙", "乙"], ["x"] * 4, 3, seed=0)
    with pytest.raises(RecordsError, match="At least 2 folds"):
        grouped_folds(["甲", "乙"], ["x", "x"], 1, seed=0)


def test_one_group_in_ten_is_held_out_for_good() -> None:
    groups = [f"客户{i // 2}" for i in range(20_000)]
    held = holdout(groups)
    assert 0.09 < held.mean() < 0.11
    assert (held[::2] == held[1::2]).all()
    assert (holdout(groups[500:700]) == held[500:700]).all()
    assert not holdout(groups, 0.0).any()
    assert holdout(groups, 1.0).all()


def test_hold_out_never_changes_between_releases() -> None:
    groups = [f"customer-{i}" for i in range(60)]
    assert np.flatnonzero(holdout(groups)).tolist() == [25, 30, 45, 52]


def test_records_without_group_stand_with_copies_of_themselves() -> None:
    texts: list[tuple[str, str | None]] = [("退款慢", None), ("退款慢", None), ("別的", None), ("退款慢", "甲")]
    one, copy, other, grouped = group_keys([Record(Message.from_text(text), {}, group=group) for text, group in texts])
    assert one == copy != other
    assert grouped == "甲"

from __future__ import annotations

import itertools
import random
import time

from train.duplicates import (
    Pair,
    comparable,
    conflicting,
    grams,
    jaccard,
    near_duplicates,
    overlap,
    repeated_openings,
    repeated_runs,
)

HAN = [chr(code) for code in range(0x4E00, 0x5200)]


def _texts(count: int, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choices(HAN, k=draw.randint(5, 120))) for _ in range(count)]


def test_texts_are_compared_in_normal_form() -> None:
    assert comparable("ＡＢＣ　電池壞了！") == comparable("abc 电池坏了!")


def test_short_texts_are_compared_whole() -> None:
    assert grams("差评") == {"差评"}
    assert near_duplicates(["差评", "差评！", "差评"]) == [Pair(0, 2, 1.0)]
    assert grams("") == {""}


def test_near_pairs_are_those_that_comparing_all_would_find() -> None:
    draw = random.Random(7)
    texts = _texts(150)
    for text in texts[:100]:
        changed = list(text)
        for _ in range(draw.randint(0, 6)):
            changed[draw.randrange(len(changed))] = draw.choice(HAN)
        texts.append("".join(changed))
    cut = [grams(text) for text in texts]
    expected = {
        (one, other)
        for one, other in itertools.combinations(range(len(texts)), 2)
        if jaccard(cut[one], cut[other]) > 0.5
    }
    found = near_duplicates(texts)
    assert {(pair.first, pair.second) for pair in found} == expected
    assert all(pair.similarity == jaccard(cut[pair.first], cut[pair.second]) for pair in found)


def test_similarity_of_exactly_one_half_is_not_near() -> None:
    assert jaccard(grams("一二三四五六"), grams("一二三四五七")) == 1 / 3
    one, other = "一二三四五六七", "一二三四五六八"  # 2 of 4 grams
    assert jaccard(grams(one), grams(other)) == 0.5
    assert near_duplicates([one, other]) == []


def test_twelve_thousand_messages_take_less_than_forty_seconds_even_when_made_of_templates() -> None:
    draw = random.Random(3)
    frame = "我在你们店买的{}已经坏了你们必须马上给我处理退款不然我就投诉到市场监管局去"
    texts = _texts(9000) + [frame.format("".join(draw.choices(HAN, k=6))) for _ in range(2000)] + ["差评"] * 1000
    start = time.perf_counter()
    pairs = near_duplicates(texts)
    assert time.perf_counter() - start < 40
    involved = {position for pair in pairs for position in (pair.first, pair.second)}
    assert involved == set(range(9000, 12000))


def test_overlap_names_the_nearest_of_the_other_side() -> None:
    against = ["发票开错了三次", "退款三天了还没有到账呢", "退款三天了还没有到账"]
    texts = ["快递丢了", "退款三天了还没有到账", "退款三天了还没有到账呀！", "发票开错了三次"]
    assert [(pair.first, pair.second) for pair in overlap(texts, against)] == [(1, 2), (2, 2), (3, 0)]
    assert overlap(texts, []) == []


def test_same_text_under_two_labels_is_found() -> None:
    assert conflicting(["甲", "乙", "甲", "乙"], ["x", "y", "z", "y"]) == [[0, 2]]
    assert conflicting(["甲", "甲"], [None, "x"]) == [[0, 1]]


def test_openings_are_counted_by_tag() -> None:
    found = repeated_openings(["客户来电说", "客户来电问", "客户来电", "短"], ["甲", "甲", "乙", "乙"])
    assert found["甲"]["客户来电"] == 2
    assert found["乙"] == {"客户来电": 1}


def test_run_is_counted_once_a_message_and_a_longer_phrase_is_one_run() -> None:
    phrase = "请你们尽快给我处理退款"
    assert repeated_runs([phrase + phrase, "啊" + phrase, "完全不同的另外一句话"]) == [("请你们尽快给我处", 2)]


def test_runs_that_only_share_a_common_word_are_both_listed() -> None:
    texts = ["什么时候能发货啊", "什么时候能发货啊", "到底什么时候退款", "到底什么时候退款"]
    assert [run for run, _ in repeated_runs(texts)] == ["什么时候能发货啊", "到底什么时候退款"]

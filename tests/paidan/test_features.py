"""Features: what the two views see, and TF-IDF worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.features import Block, Features, char_grams, chars, word_grams, words
from paidan.segment import Segmenter


@pytest.fixture(scope="module")
def features() -> Features:
    blocks = (
        Block("words", 1, 2, ["空调", "不", "空调 不", "^ 空调"], np.array([1.0, 2.0, 3.0, 4.0])),
        Block("chars", 1, 2, ["空", "调", "^空"], np.array([1.0, 1.0, 2.0]), scale=2.0, offset=4),
    )
    return Features(blocks, Segmenter())


def test_words_are_lowered_and_numbers_and_masks_folded() -> None:
    assert words("APP花了1299.5元****退", Segmenter()) == ["^", "app", "花", "了", "0000.0", "元", "＊", "退", "^"]


def test_characters_have_no_spaces_and_folded_numbers_and_masks() -> None:
    assert chars("App 3天\n**** ***") == "^app0天＊***^"


def test_borders_never_stand_alone() -> None:
    assert list(word_grams(["^", "退款", "^"], 1, 2)) == ["退款", "^ 退款", "退款 ^"]
    assert list(char_grams("^退款^", 1, 2)) == ["退", "款", "^退", "退款", "款^"]
    assert list(char_grams("^^", 1, 1)) == []


def test_a_vector_is_sublinear_tfidf_with_each_block_brought_to_its_scale(features: Features) -> None:
    vector = features.vector("空调空调不")
    twice = 1 + math.log(2)
    expected_words = np.array([twice * 1, 1 * 2, 1 * 3, 1 * 4])
    expected_chars = np.array([twice, twice, 2.0])
    assert vector.columns.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert vector.values[:4] == pytest.approx(expected_words / np.linalg.norm(expected_words))
    assert vector.values[4:] == pytest.approx(2 * expected_chars / np.linalg.norm(expected_chars))


def test_unknown_is_the_larger_share_of_words_and_characters_never_seen(features: Features) -> None:
    assert features.vector("空调").unknown == 0
    assert features.vector("空调冰箱").unknown == pytest.approx(0.5)
    assert features.vector("冰箱").unknown == 1
    assert features.vector("！！！").unknown == 1
    assert features.vector("空调2026，！").unknown == 0


def test_a_text_without_known_words_has_no_columns(features: Features) -> None:
    vector = features.vector("冰箱坏了")
    assert (vector.columns.tolist(), vector.values.tolist(), vector.length) == ([], [], 4)


def test_latin_is_the_share_of_latin_letters(features: Features) -> None:
    assert features.vector("app闪退").latin == pytest.approx(3 / 5)
    assert features.vector("").latin == 0


@given(st.text(max_size=80))
@settings(deadline=None, max_examples=200)
def test_columns_ascend_and_values_are_finite_whatever_comes(features: Features, text: str) -> None:
    vector = features.vector(text)
    assert (np.diff(vector.columns) > 0).all()
    assert np.isfinite(vector.values).all() and (vector.values > 0).all()
    assert 0 <= vector.unknown <= 1 and 0 <= vector.latin <= 1

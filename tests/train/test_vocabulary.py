from __future__ import annotations

from pathlib import Path

import pytest

from paidan.segment import Segmenter
from train.vocabulary import Vocabulary, VocabularyError, cover, load_vocabularies

LIST = """[words]
掉电快 充不进电
续航 ＡＰＰ耗電

[situations]
新手机续航缩水要求检测
充电宝鼓包想退货
"""


def _cover(text: str, messages: list[str]) -> tuple[tuple[str, ...], tuple[str, ...], float, float]:
    found = cover(Vocabulary.from_text("product.battery", text), messages, Segmenter())
    return found.missing_words, found.missing_situations, found.words_share, found.situations_share


def test_words_are_looked_for_in_normal_form() -> None:
    missing, _, share, _ = _cover(LIST, ["手机掉电快", "app耗电太厉害,续航差"])
    assert missing == ("充不进电",)
    assert share == 0.75


def test_word_does_not_stretch_over_two_messages() -> None:
    assert _cover("[words]\n掉电快", ["掉电", "快"])[0] == ("掉电快",)


def test_situation_needs_half_its_content_words_in_one_message() -> None:
    assert _cover(LIST, ["新手机续航就缩水了", "我要求换"])[1] == ("充电宝鼓包想退货",)
    assert _cover(LIST, ["手机", "续航", "缩水"])[1] == ("新手机续航缩水要求检测", "充电宝鼓包想退货")


def test_situation_without_content_words_is_looked_for_whole() -> None:
    assert _cover("[situations]\n退", ["我要退"])[1] == ()
    assert _cover("[situations]\n退", ["我要换"])[1] == ("退",)


def test_words_that_are_cut_apart_are_candidates_for_the_lexicon() -> None:
    vocabulary = Vocabulary.from_text("t", "[words]\n退款 被盗刷 APP闪退")
    assert cover(vocabulary, [], Segmenter()).apart == ("被盗刷",)


def test_empty_list_is_covered() -> None:
    assert _cover("", []) == ((), (), 1.0, 1.0)


def test_lists_are_read_by_tag_and_all_problems_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeff" + LIST, encoding="utf-8")
    assert load_vocabularies(tmp_path)["a"].situations[0] == "新手机续航缩水要求检测"
    assert load_vocabularies(tmp_path / "none") == {}
    (tmp_path / "b.txt").write_text("掉电\n[词]\n", encoding="utf-8")
    (tmp_path / "c.txt").write_bytes("[words]\n电池".encode("gbk"))
    with pytest.raises(VocabularyError) as caught:
        load_vocabularies(tmp_path)
    assert caught.value.problems == (
        "b.txt line 1: stands before the first section; begin with [words]",
        "b.txt line 2: unknown section; allowed are [words] and [situations]",
        "c.txt: is not UTF-8. Save it as UTF-8",
    )

"""Segmentation: runs rejoin, jieba and its Rust port agree, a lexicon belongs to one segmenter only."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.masking import starred
from paidan.normalise import normalise
from paidan.segment import Segmenter, read_lexicon, runs

GOLDEN = Path(__file__).parent.parent / "golden" / "segments.tsv"
LINES = [line.split("\t") for line in GOLDEN.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
LEXICON = ("被盗刷", "充电宝", "快递员", "不到账", "小程序", "二次收费", "乱收费师傅")
PLAIN, OWN = Segmenter(), Segmenter(LEXICON)


def han_runs(text: str) -> list[str]:
    return [run.text for run in runs(starred(normalise(text))) if run.kind == "han"]


def cut(text: str, segmenter: Segmenter) -> list[str]:
    words: list[str] = []
    for run in runs(starred(normalise(text))):
        words += segmenter.cut(run.text) if run.kind == "han" else [run.text]
    return words


def jieba_cut(lexicon: tuple[str, ...], scratch: Path) -> Any:
    """jieba itself, with an engine and a cache of its own."""
    with warnings.catch_warnings():
        # jieba 0.42.1 is full of invalid escapes and imports pkg_resources.
        warnings.simplefilter("ignore")
        import jieba

        jieba.setLogLevel("WARNING")
        engine = jieba.Tokenizer()
        engine.tmp_dir = str(scratch)
        engine.initialize()
        for word in lexicon:
            engine.add_word(word, engine.suggest_freq(word), "n")
        return engine.lcut


@pytest.mark.parametrize(("text", "words"), LINES, ids=[line[0] for line in LINES])
def test_words_stand_as_written_in_the_golden_file(text: str, words: str) -> None:
    assert "|".join(cut(text, PLAIN)) == words


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=300)
def test_runs_rejoin_to_the_text_without_its_spaces(text: str) -> None:
    found = runs(text)
    assert "".join(run.text for run in found) == "".join(text.split())
    assert all(text[run.start : run.start + len(run.text)] == run.text for run in found)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=30))
@settings(deadline=None, max_examples=200)
def test_words_rejoin_to_their_run(han: str) -> None:
    assert "".join(OWN.cut(han)) == han


@pytest.fixture(scope="module")
def starter_runs(starter_texts: tuple[str, ...]) -> list[str]:
    every = {run for text in (*starter_texts, *(line[0] for line in LINES)) for run in han_runs(text)}
    assert len(every) > 10_000
    return sorted(every)


def test_rjieba_cuts_every_run_of_the_starter_set_as_jieba_does(starter_runs: list[str], tmp_path: Path) -> None:
    expected = jieba_cut((), tmp_path)
    assert [run for run in starter_runs if PLAIN.cut(run) != expected(run)] == []


def test_with_a_lexicon_only_draws_between_equally_likely_cuts_may_differ(
    starter_runs: list[str], tmp_path: Path
) -> None:
    # 啊啊啊啊 may be cut as 啊|啊啊啊 or 啊啊啊|啊 at the same probability; the last bit of a sum decides.
    expected = jieba_cut(LEXICON, tmp_path)
    different = [run for run in starter_runs if OWN.cut(run) != expected(run)]
    assert [run for run in different if sorted(OWN.cut(run)) != sorted(expected(run))] == []
    assert len(different) <= len(starter_runs) / 1000


def test_a_lexicon_belongs_to_its_segmenter_and_to_no_other() -> None:
    before = Segmenter().cut("银行卡被盗刷了")
    with_words = Segmenter(("被盗刷",))
    assert before == ["银行卡", "被盗", "刷", "了"]
    assert with_words.cut("银行卡被盗刷了") == ["银行卡", "被盗刷", "了"]
    assert Segmenter().cut("银行卡被盗刷了") == before


def test_a_segmenter_travels_with_its_words_and_without_its_engine() -> None:
    segmenter = Segmenter(("被盗刷",))
    segmenter.cut("退款")
    assert pickle.loads(pickle.dumps(segmenter)).cut("卡被盗刷") == segmenter.cut("卡被盗刷")


def test_single_character_words_are_kept() -> None:
    assert cut("不好，没修，差，退", Segmenter()) == ["不好", ",", "没修", ",", "差", ",", "退"]


def test_a_lexicon_file_may_hold_comments_blanks_and_repeats() -> None:
    assert read_lexicon(["# 词", "", "被盗刷  # 常见", "充电宝", "被盗刷"]) == ("被盗刷", "充电宝")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("한국", "other"),
        ("ꀀ", "other"),
        ("\ue000", "other"),
        ("かな", "other"),
        ("鿕", "han"),
        # Rarer Han characters jieba hands on one by one, so they never reach the engine.
        ("鿖", "other"),
        ("㐀", "other"),
        ("\uf900", "other"),
        ("𠮷", "other"),
        ("々", "other"),
        ("Ж", "letters"),
    ],
)
def test_only_what_jieba_cuts_reaches_the_engine(text: str, kind: str) -> None:
    assert {run.kind for run in runs(text)} == {kind}

"""Normalising: what is folded, what stays, and the way back to the text as it was sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.normalise import CURRENT, VERSIONS, Normalised, normalise

# Characters that a normaliser meets: Han of both scripts, full width, invisible, markup, emoji, marks.
ALPHABET = st.one_of(
    st.sampled_from(
        "退款電池壞了薴苧乾隆ＡＢＣ１２３　 \n\t\u200b\ufeff\u00ad！？。，&<>/;#xbr0179ampnbsp½⑴㎏…①é\u0301\u20e3😡👍🏽"
    ),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(
    st.one_of(ALPHABET, st.sampled_from(["<br>", "&nbsp;", "&amp;lt;", "&#20013;", "</p>", "  ", "e\u0301"]))
).map("".join)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("ＡＢＣ　退款！", "ABC 退款!"),
        ("電池壞了，客服說會退錢", "电池坏了,客服说会退钱"),
        ("退\u200b款\ufeff不\u00ad到", "退款不到"),
        ("第一行<br/>第二行&nbsp;&nbsp;完", "第一行 第二行 完"),
        ("<p class='x'>退款</p>", "退款"),
        ("&lt;退款&gt;", "<退款>"),
        ("&amp;lt;b&amp;gt;退款", "退款"),
        ("  退  款\r\n\t到账  ", "退 款 到账"),
        ("½斤", "1⁄2斤"),
        ("①⑴㎏", "1(1)kg"),
        ("“退款”。", "“退款”。"),
        ("退款😡👍🏽", "退款😡👍🏽"),
        ("cafe\u0301", "café"),
        ("1<2 and 3>2", "1<2 and 3>2"),
        ("&unknown; &x", "&unknown; &x"),
        ("薴", "苎"),
        ("", ""),
        ("\u200b\ufeff", ""),
    ],
)
def test_what_is_folded_and_what_stays(sent: str, read: str) -> None:
    assert normalise(sent).text == read


@given(TEXTS)
@settings(deadline=None, max_examples=300)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


@given(TEXTS)
@settings(deadline=None, max_examples=300)
def test_spans_lie_in_the_original_and_in_order(text: str) -> None:
    found = normalise(text)
    spans = [found.span(at, at + 1) for at in range(len(found.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


@given(st.text(st.sampled_from("退款電池壞了ＡＢＣ１２３ 　\u200b！？，。abc\n"), max_size=40))
@settings(deadline=None, max_examples=200)
def test_every_character_is_what_its_own_stretch_of_the_original_becomes(text: str) -> None:
    found = normalise(text)
    for at, char in enumerate(found.text):
        start, end = found.span(at, at + 1)
        alone = normalise(f"退{text[start:end]}款").text
        assert alone == f"退{char}款"


def test_a_span_over_dropped_characters_holds_them() -> None:
    text = "退\u200b\u200b款<br>到账"
    found = normalise(text)
    assert found.text == "退款 到账"
    assert text[slice(*found.span(0, 2))] == "退\u200b\u200b款"
    assert text[slice(*found.span(2, 3))] == "<br>"


def test_a_text_in_which_nothing_moves_needs_no_map() -> None:
    assert normalise("空調不製冷！Ａ").starts is None
    assert normalise("空調不製冷！Ａ").text == "空调不制冷!A"


def test_traditional_words_are_read_in_context_and_keep_their_length() -> None:
    assert normalise("乾隆年間").text == "乾隆年间"
    assert normalise("餅乾發霉").text == "饼干发霉"


def test_a_starred_word_is_never_taken_for_markup() -> None:
    # Masking must not make a tag of what was none.
    assert normalise("<b＊＊＊＊>退款").text == "<b****>退款"


def test_the_current_version_is_among_the_kept_ones() -> None:
    assert CURRENT in VERSIONS
    assert normalise("ＡＢ", version=1) == Normalised("AB")


def test_ten_thousand_characters_of_markup_are_folded_in_time() -> None:
    found = normalise("<br>" * 2000 + "&amp;" * 400 + "退")
    assert found.text == "&" * 400 + "退"

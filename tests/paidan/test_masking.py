"""Masking: what identifies a person, that length is kept, and that nothing is left to mask."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidan.masking import STAR, id_card_valid, luhn_valid, mask, placeholders, spans, star, starred
from paidan.message import Message
from paidan.normalise import normalise
from paidan.router import Answer, Router

GOLDEN = Path(__file__).parent.parent / "golden" / "masks.tsv"
CASES = [
    tuple(line.split("\t"))
    for line in GOLDEN.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]

SEPARATORS = st.sampled_from(["", " ", "-", "  ", "\u200b", "　", "<br>"])
DIGITS = st.sampled_from("0123456789０１２３４５６７８９①½")


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


@st.composite
def identifiers(draw: st.DrawFn) -> str:
    """Phones, cards, plates, addresses and numbers as people write them."""
    found = draw(
        st.sampled_from(
            [
                *("13800001111", "86 13912345678", "010-62345678", "0755-26001234-801", "11010519491231002X"),
                *("6217000012345678907", "6217 0000 1234 5678 907", "京A12345", "粤B·F1234", "沪AD12345"),
                *("wang.li@example.com.cn", "https://a.cn/x?id=1", "www.abc.com", "20261120998877", "SF1234567890123"),
            ]
        )
    )
    place = draw(st.integers(0, len(found)))
    found = found[:place] + draw(SEPARATORS) + found[place:]
    return _full_width(found) if draw(st.booleans()) else found


PIECES = st.one_of(
    identifiers(),
    st.text(DIGITS, max_size=12),
    st.text(st.sampled_from("退款不到，。！我的快遞丢了，電話 \n*＊<>b&;."), max_size=6),
)
TEXTS = st.lists(PIECES, min_size=1, max_size=6).map("".join).filter(bool)


@pytest.mark.parametrize(("kind", "sent", "masked"), CASES, ids=[case[0] for case in CASES])
def test_masks_stand_as_written_in_the_golden_file(kind: str, sent: str, masked: str) -> None:
    assert mask(sent) == masked, kind


@given(TEXTS)
@settings(deadline=None, max_examples=300)
def test_masking_keeps_length_and_leaves_nothing_to_mask(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    assert all(after in (before, STAR) for before, after in zip(text, masked, strict=True))
    assert mask(masked) == masked
    assert spans(normalise(masked).text) == []


@given(TEXTS)
@settings(deadline=None, max_examples=150)
def test_the_answer_to_the_masked_text_is_the_answer_to_the_text(tiny_router: Router, text: str) -> None:
    def said(one: str) -> Answer:
        return tiny_router.answer([Message.from_text(one)], detail=True)[0]

    assert said(text) == said(mask(text))


@given(st.integers(0, 10**17 - 1).map("{:017}".format))
@settings(deadline=None, max_examples=100)
def test_exactly_one_check_digit_makes_an_id_card_number(body: str) -> None:
    assert sum(id_card_valid(body + digit) for digit in "0123456789X") == 1


@given(st.integers(0, 10**18 - 1).map("{:018}".format))
@settings(deadline=None, max_examples=100)
def test_exactly_one_check_digit_makes_a_card_number(body: str) -> None:
    assert sum(luhn_valid(body + digit) for digit in "0123456789") == 1


def test_kinds_are_told_apart() -> None:
    text = "卡6217000012345678907，电话13800001111，a@b.cn，京A12345，单20261120998877，010-62345678，http://x.cn"
    assert [kind for kind, _, _ in spans(text)] == ["bank_card", "phone", "email", "plate", "number", "landline", "url"]


def test_touching_spans_are_one_placeholder() -> None:
    assert list(placeholders(star("a@b.cn 13800001111"))) == [(0, 6), (7, 18)]
    assert list(placeholders("**")) == []


def test_a_character_that_became_several_is_masked_whole() -> None:
    assert starred(normalise("0½234567")) == "0*********"
    assert mask("0½234567") == "0＊＊＊＊＊＊＊"


def test_ten_thousand_digits_are_masked_in_time() -> None:
    text = "1" * 10_000
    assert mask(text) == STAR * 10_000

"""Whether there is anything to read, and whether it is Chinese."""

from __future__ import annotations

import pytest

from paidan.language import foreign_language, has_content


@pytest.mark.parametrize(
    ("text", "content"),
    [("差", True), ("1", True), ("a", True), ("", False), ("😡！！", False), ("***********", False), (" \n", False)],
)
def test_only_letters_and_digits_are_content(text: str, content: bool) -> None:
    assert has_content(text) is content


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("wifi连不上", None),
        ("iPhone 15 Pro Max 屏幕碎了", None),
        ("空调不制冷", None),
        ("", None),
        ("12345", None),
        ("ok", None),
        ("My order has not arrived", "latin"),
        ("商品がまだ届きません", "ja"),
        ("注文番号の確認をお願いします", "ja"),
        ("の字是日文吗", None),
        ("배송이 너무 늦어요", "ko"),
        ("Где мой заказ", "ru"),
        ("สินค้ายังไม่มา", "th"),
        ("طلبي لم يصل", "ar"),
        ("मेरा ऑर्डर", "hi"),
        ("Đơn hàng của tôi chưa đến", "vi"),
        ("བཀྲ་ཤིས་བདེ་ལེགས", "bo"),
    ],
)
def test_a_language_is_told_by_its_script(text: str, language: str | None) -> None:
    assert foreign_language(text) == language

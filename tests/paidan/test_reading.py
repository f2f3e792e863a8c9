"""Reading: the customer's words, joined, and the way back to the part they came from."""

from __future__ import annotations

from paidan.message import Message
from paidan.reading import masked_text, read

TURNS = {
    "title": "投訴",
    "turns": [
        {"role": "bot", "text": "您好，请问有什么可以帮您"},
        {"role": "customer", "text": "ＡＰＰ　打不開"},
        {"role": "agent", "text": "请留电话"},
        {"role": "customer", "text": "13800001111"},
    ],
}


def test_only_the_customers_words_are_read_title_first() -> None:
    assert read(Message.from_dict(TURNS), 1).text == "投诉\nAPP 打不开\n***********"


def test_a_span_of_the_joined_text_is_found_in_its_own_part() -> None:
    reading = read(Message.from_dict(TURNS), 1)
    at = reading.text.index("打不开")
    part, start, end = reading.locate(at, at + 3)
    assert (part.part.name, part.part.text[start:end]) == ("turns/1", "打不開")
    part, start, end = reading.locate(0, 2)
    assert (part.part.name, start, end) == ("title", 0, 2)


def test_a_span_over_two_parts_is_cut_at_the_end_of_the_first() -> None:
    reading = read(Message.from_dict(TURNS), 1)
    part, start, end = reading.locate(1, 6)
    assert (part.part.name, start, end) == ("title", 1, 2)


def test_masked_text_holds_all_parts_of_everyone() -> None:
    assert masked_text(Message.from_dict(TURNS), 1).splitlines() == [
        "投訴",
        "您好，请问有什么可以帮您",
        "ＡＰＰ　打不開",
        "请留电话",
        "＊＊＊＊＊＊＊＊＊＊＊",
    ]


def test_a_number_split_over_two_parts_is_two_texts() -> None:
    reading = read(Message.from_dict({"title": "1380000", "text": "1111退款"}), 1)
    assert reading.text == "*******\n1111退款"

"""What is not the customer's words is blanked for scoring, kept for showing, and never everything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidan.message import Message
from paidan.reading import masked_text, read

STARS = re.compile(r"\*{4,}")
ISSUE = "空调修了三次还是不制冷"


def words(text: str) -> str:
    """What is scored of a text, blanks folded."""
    return " ".join(read(Message.from_text(text), 2).text.split())


@pytest.mark.parametrize(
    "more",
    [
        "\n> 您好，您的发票已开具\n> 请查收",
        "\n-----原始邮件-----\n发件人：客服中心\n您的快递已签收，请评价",
        "\n\n------------------ 原始邮件 ------------------\n您的账单已出",
        "\nFrom: 客服 <kf@example.com>\nSent: 2026-11-20 10:00\nTo: me@example.com\n发票在附件里",
        "\n在 2026年11月20日，客服中心 写道：\n您的退款已到账",
        "\nOn Fri, Nov 20, 2026, service wrote:\n您的退款已到账",
        "<br>&gt; 您的发票已开具",
        "\n--\n张三\n某某科技有限公司",
        "\n发自我的iPhone",
        "。发自我的 iPhone",
        "\n来自我的华为手机",
        "\nSent from my iPad",
        "[图片][图片]",
        "【图片】",
        "[发怒][表情]",
    ],
)
def test_what_follows_the_customers_words_is_not_scored(more: str) -> None:
    assert words(ISSUE + more).rstrip("。") == ISSUE


@pytest.mark.parametrize(
    "phrase",
    [
        *("客户表示理解", "用户对此表示知晓", "烦请核实回复", "烦请核实处理并回复客户", "详见附件", "具体请见附件"),
        *("请相关部门处理", "请相关部门尽快核实处理", "请核实后尽快联系客户", "特此反馈", "已安抚客户"),
    ],
)
def test_a_clerks_set_phrase_is_not_scored(phrase: str) -> None:
    assert words(f"客户来电称{ISSUE}，{phrase}。") == f"客户来电称{ISSUE}, 。"


@pytest.mark.parametrize(
    "text",
    [
        "请尽快处理，空调还是不制冷",
        "请核实退费",
        "我表示理解，但是三天了还没发货",
        "收件人：王某，快递一直没到，电话也打不通",
        "发件人不是我，包裹是谁寄的",
        "请相关部门督促商家退款",
        "发自我的内心，你们的服务太差了",
        "[差评]快递太慢",
        "温度>30度也不启动",
        ">_< 又坏了，快给我修",
        "客服说已安抚客户情绪，可没人联系我",
        "附件里少了一张发票",
    ],
)
def test_what_a_customer_may_write_is_left_alone(text: str) -> None:
    message = Message.from_text(text)
    assert read(message, 2).text == read(message, 1).text


@pytest.mark.parametrize(
    "text", ["[图片]", "详见附件", "> 电饭煲冒烟了", "发自我的iPhone", "烦请核实回复。", "--\n张三"]
)
def test_a_whole_text_is_never_blanked(text: str) -> None:
    message = Message.from_text(text)
    assert read(message, 2).text == read(message, 1).text


def test_a_forwarded_complaint_loses_its_headers_only() -> None:
    text = "-----原始邮件-----\n发件人：王先生\n收件人：客服中心\n主题：退款\n等了十天还没到账，请查一下"
    assert words(text) == "主题:退款 等了十天还没到账,请查一下"


def test_offsets_hold_and_all_is_shown() -> None:
    text = "[图片]\r\n空調壞了,電話13800001111\n發自我的iPhone"
    reading = read(Message.from_text(text), 2)
    at = reading.text.index("空调坏了")
    part, start, end = reading.locate(at, at + 4)
    assert part.part.text[start:end] == "空調壞了"
    assert masked_text(Message.from_text(text), 2) == text.replace("13800001111", "＊" * 11)


def test_an_older_bundle_reads_as_it_did() -> None:
    assert "iPhone" in read(Message.from_text(ISSUE + "\n发自我的iPhone"), 1).text


PIECES = st.sampled_from(
    [
        *(ISSUE, "13800001111", "\n", "> ", "发件人：a@example.com", "收件人：b@example.com", "--", "发自我的iPhone"),
        *("[图片]", "，", "。", " ", "烦请核实回复", "-----原始邮件-----", "<br>", "\u200b", "退款"),
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=12).map("".join).filter(bool))
def test_blanking_keeps_length_and_the_masked_text_reads_the_same(text: str) -> None:
    message = Message.from_text(text)
    reading = read(message, 2)
    assert len(reading.text) == len(read(message, 1).text)
    masked = masked_text(message, 2)
    # A zero-width character between two numbers is starred in the masked text; touching stars are one placeholder.
    assert STARS.sub("*", read(Message.from_text(masked), 2).text) == STARS.sub("*", reading.text)

"""What stands in a message and is not the customer's words: quoted mail, signatures, placeholders, clerks' set phrases.

It is kept and shown, but neither scored nor searched for cues: it is blanked with spaces, so that offsets hold. Where
too little would be left, everything is: a forwarded complaint is the customer's words after all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from paidan.normalise import Normalised

# Letters and characters that must be left for anything to be blanked.
LEAST = 4
_WORD = re.compile(r"[\u3400-\u9fffA-Za-z0-9]")
_LINE_TAG = re.compile(r"</?(?:br|p|div|tr|li)\b", re.IGNORECASE)
_TRIGGER = re.compile(
    r"[>\[【]|--|邮件|发件人|发自|发送|来自我的|附件|特此|表示|烦请|请相关|请有关|请协助|请核实|请处理|请跟进|写道|回复[客用]|安抚|[Ff]rom|[Ss]ent|[Oo]riginal|wrote:"
)

# Not `>_<`, which is a face.
_QUOTED = re.compile(r"^ ?>(?![_.]).*$", re.MULTILINE)
_MAIL_BELOW = re.compile(
    r"^[ -]*(?:原始邮件|转发(?:的)?邮件|Original Message|Forwarded message)[ -]*$"
    r"|^(?:在 ?)?[^\n]{4,60}(?:写道|wrote):$"
    r"|^(?:发件人|From): ?[^\n]*\n(?:(?:发送时间|日期|时间|收件人|Sent|Date|To)): ?",
    re.MULTILINE | re.IGNORECASE,
)
_SEPARATOR = re.compile(r"^[ -]*(?:原始邮件|转发(?:的)?邮件|Original Message|Forwarded message)[ -]*$", re.M | re.I)
# Two lines or more, one of them the sender's: 收件人 alone also stands in complaints of parcels. 主题 is words.
_HEADERS = re.compile(
    r"(?:^(?:发件人|收件人|抄送|发送时间|日期|时间|主题|回复至|From|To|Cc|Sent|Date|Subject|Reply-To): ?[^\n]{0,120}(?:\n|\Z)){2,}",
    re.M | re.I,
)
_HEADER = re.compile(r"^(?!主题|Subject)[^\n]+$", re.M | re.I)
_SENDER = re.compile(r"^(?:发件人|From):", re.M | re.I)
_DEVICES = (
    "iPhone|iPad|手机|安卓|Android|华为|HUAWEI|荣耀|HONOR|小米|红米|Redmi|vivo|OPPO|三星|魅族|"
    "网易|QQ|企业微信|微信|Outlook|Foxmail|新浪|移动端"
)
_SIGNATURES = (
    re.compile(r"^--\n[^\n]{0,60}(?:\n[^\n]{0,60}){0,4}\Z", re.MULTILINE),
    re.compile(
        rf"(?:^|(?<=[ 。!?.]))(?:(?:发|来)自(?:我的)?|Sent from (?:my )?) ?(?:{_DEVICES})[^\n。!?]{{0,24}}$",
        re.MULTILINE | re.IGNORECASE,
    ),
    re.compile(rf"^从我的 ?(?:{_DEVICES})[^\n]{{0,12}}发送$", re.MULTILINE | re.IGNORECASE),
)
_PLACEHOLDER = re.compile(
    r"[\[【](?:图片|表情|动画表情|语音|视频|文件|链接|位置|小程序|红包|名片|聊天记录|"
    r"微笑|撇嘴|发怒|流泪|大哭|抓狂|捂脸|呲牙|擦汗|流汗|愤怒|生气|衰|骷髅|敲打|再见|抱拳|玫瑰|强|弱|OK|合十|叹气|偷笑|憨笑|哭|怒|心碎)[\]】]"
)
# Whole clauses only, and only what clerks write: 请尽快处理 is said by customers too.
_CLERK = re.compile(
    r"(?:(?<=[,。;!?、 \n])|\A)(?:"
    r"(?:客户|用户|顾客|来电人|市民)(?:对此)?表示(?:理解|认可|知晓|知悉|明白)"
    r"|(?:烦请|请相关部门|请有关部门|请相关单位|请协助)(?:予以|尽快|及时|协助)?(?:核实|核查|处理|跟进|落实|查证|关注)"
    r"(?:处理|情况)?(?:,|、|并|后|后尽快|并尽快|并及时)?(?:回复|反馈|答复|处理|回电)?(?:客户|用户|顾客|市民|来电人)?"
    r"|(?:烦请|请)(?:核实|处理|跟进)(?:后|并)?(?:尽快|及时)?(?:回复|回电|联系|答复)(?:客户|用户|顾客|市民|来电人)"
    r"|(?:详情|具体|详细情况|相关截图|截图)?(?:请)?(?:详见|参见|见|请查看)附件"
    r"|特此(?:反馈|转办|转达|记录|登记)"
    r"|已(?:做|做好)?(?:解释)?安抚(?:客户|用户|顾客)?"
    r")(?=[,。;!?、 \n]|\Z)"
)


def scored(normalised: Normalised, original: str, stars: str) -> str:
    """`stars` (the normalised, starred text) with what is not the customer's words blanked; never its length changed.

    Args:
        original: the text as sent, which still has its lines.
    """
    return blanked(stars, _lines(normalised, original, stars)) if _TRIGGER.search(stars) else stars


def blanked(text: str, lines: str) -> str:
    """A text without what is not the customer's words.

    Args:
        lines: the same text with a line feed for the space wherever a line ended.

    >>> blanked("发票抬头开错了,烦请核实回复。[图片]", "发票抬头开错了,烦请核实回复。[图片]").rstrip()
    '发票抬头开错了,      。'
    """
    for spans in (_spans(lines), _without_mail(lines)):
        left = _blank(text, spans)
        if len(_WORD.findall(left)) >= LEAST:
            return left
    return text


def _spans(lines: str) -> list[tuple[int, int]]:
    below = _MAIL_BELOW.search(lines)
    mail = [(below.start(), len(lines))] if below else []
    return [*mail, *(match.span() for match in _QUOTED.finditer(lines)), *_without_mail(lines)]


def _without_mail(lines: str) -> list[tuple[int, int]]:
    """What is blanked when the mail below is all there is: a forwarded complaint loses its headers only."""
    return [*_matches(lines, (_SEPARATOR, *_SIGNATURES, _PLACEHOLDER, _CLERK)), *_headers(lines)]


def _headers(lines: str) -> Iterator[tuple[int, int]]:
    for block in _HEADERS.finditer(lines):
        if _SENDER.search(block.group()):
            yield from (match.span() for match in _HEADER.finditer(lines, *block.span()))


def _matches(lines: str, patterns: Iterable[re.Pattern[str]]) -> Iterator[tuple[int, int]]:
    for pattern in patterns:
        yield from (match.span() for match in pattern.finditer(lines))


def _blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _lines(normalised: Normalised, original: str, stars: str) -> str:
    """`stars` with its line ends, which normalising folds into spaces."""
    starts, ends = normalised.starts, normalised.ends
    if starts is None or ends is None:
        return stars
    chars = list(stars)
    for at, char in enumerate(chars):
        if char == " ":
            before = ends[at - 1] if at else 0
            gap = original[before : starts[at + 1] if at + 1 < len(starts) else len(original)]
            if "\n" in gap or "\r" in gap or _LINE_TAG.search(gap):
                chars[at] = "\n"
    return "".join(chars)

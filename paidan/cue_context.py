"""What may stand around a cue and take its force away: negation, supposition, a near miss, a question, a past.

`没冒烟`, `万一冒烟`, `差点冒烟`, `冒烟怎么办` and `冒烟的已经修好了` are no smoke. `没用几次就冒烟了` is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

GROUPS = ("negations", "hypotheticals", "near_misses", "questions", "over")
# No context reaches across these; both widths, as normalising folds them.
BOUNDARIES = ",，。!！?？;；\n"
REACH = 24
_INSIDE = f"[^{BOUNDARIES}]"
_NEGATIONS = frozenset({"没有", "没", "未", "无", "不", "不会", "不是", "不能", "别"})


@dataclass(frozen=True)
class CueContext:
    """Lists of words (each a regular expression, so that `(?<!可)怕` can be said).

    Attributes:
        window: how many characters at most stand between a word before (or an ending after) and the cue.
        negations: denied, or only reported (客服说会爆炸), directly before the cue; only `fillers` may stand between.
        fillers: small words, and dangers listed together, that carry a negation on to the cue (没有`发现冒烟、`起火).
        hypotheticals: supposed, feared, asked or warned of: within `window` before the cue.
        near_misses: almost happened: within `window` before.
        questions: what makes a question or condition of the cue, said directly after it.
        over: it happened and has been dealt with: within `window` after.
    """

    window: int = 6
    negations: tuple[str, ...] = (
        *("没有?", "未", "(?<![有把])无", "(?<!会)不", "不会", "不是", "并非", "从未", "从没", "不存在", "排除了?"),
        *("(?<![特区级类])别", "说会", "说可能"),
    )
    fillers: tuple[str, ...] = (
        *("再", "有", "见到?", "发现", "发生", "出现", "看到", "闻到", "造成", "导致", "引起", "引发", "遇到", "听说"),
        *(
            "任何",
            "什么",
            "明显",
            "过",
            "被",
            "会",
            "能",
            "想",
            "要",
            "打算",
            "真的?",
            "去",
            "人",
            "、",
            "和",
            "或者?",
            "及",
            " ",
        ),
        *(
            "冒烟",
            "起火",
            "着火",
            "爆炸",
            "漏电",
            "漏气",
            "受伤",
            "烫伤",
            "呕吐",
            "拉肚子",
            "过敏",
            "发烧",
            "停水",
            "停电",
        ),
    )
    hypotheticals: tuple[str, ...] = (
        *(
            "万一",
            "如果",
            "要是",
            "假如",
            "若是?",
            "倘若",
            "一旦",
            "(?<!可)怕",
            "担心",
            "生怕",
            "会不会",
            "是否",
            "是不是会?",
        ),
        *(
            "有没有(?!人)",
            "小心",
            "当心",
            "谨防",
            "严防",
            "以防",
            "防止",
            "预防",
            "避免",
            "以免",
            "免得",
            "省得",
            "(?:容|极|很容)易",
        ),
        *("(?<!随时)可能会", "有可能", "难道要?等", "非要?等", "是要?等", "等到出", "以为"),
    )
    near_misses: tuple[str, ...] = ("差点", "差一点", "险些", "幸好没", "还好没", "幸亏没")
    questions: tuple[str, ...] = (
        *(
            "(?:的|之类的?|这种|的?风险|的?可能|的?情况|的?危险)?(?:吗|么(?!多)|嘛|不\\?|没\\?)",
            "的话",
            "的?时候(?:怎么|该|要)",
        ),
        *(
            "(?:了的话|该)?(?:怎么办|咋办|怎么处理|咋整|怎么应急)",
            "的?(?:概率|几率|可能性)",
            "(?:都|也)?有可能",
            "将会是",
            "前兆",
        ),
    )
    over: tuple[str, ...] = (
        *(
            "(?:已经?|都|早就?)(?:修|弄|处理|换|整)好",
            "(?:已经?|早就?)(?:解决|处理|追回|找回|退回|排除|扑灭)",
            "(?:修|弄|处理)好了",
        ),
        *("(?<!没)解决了", "[追找抢]回来了", "(?:自己|现已|今早)[追找抢]回", "虚惊", "是误报"),
    )

    @classmethod
    def read(cls, raw: object, problems: list[str]) -> CueContext:
        """The context of a table; lists that are not given keep their defaults."""
        if raw is None:
            return cls()
        known = {field.name for field in fields(cls)}
        if not isinstance(raw, Mapping):
            problems.append(f"`cue_context`: expected a mapping of {', '.join(sorted(known))}, found {raw!r}")
            return cls()
        given: dict[str, Any] = {}
        for key, value in raw.items():
            if key == "window" and isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= REACH:
                given["window"] = value
            elif key in known - {"window"} and isinstance(value, list) and all(isinstance(word, str) for word in value):
                given[key] = tuple(value)
                problems += [f"`cue_context.{key}`: {flaw}" for word in value if (flaw := regex_flaw(word))]
            elif key in known:
                problems.append(
                    f"`cue_context.{key}`: expected a list of words (`window`: 0 to {REACH}), found {value!r}"
                )
            else:
                problems.append(f"`cue_context`: unknown key '{key}'; allowed are {', '.join(sorted(known))}")
        return cls(**given)

    def to_raw(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @functools.cached_property
    def _carried(self) -> str:
        return f"{_any(self.fillers)}{{0,4}}" if self.fillers else ""

    @property
    def _gap(self) -> str:
        return f"{_INSIDE}{{0,{self.window}}}"

    def before(self, groups: Sequence[str]) -> re.Pattern[str] | None:
        """What must not end where a cue begins, of these lists."""
        parts = []
        if "negations" in groups and self.negations:
            parts.append(f"{_any(self.negations)}{self._carried}")
        for group in ("hypotheticals", "near_misses"):
            words = getattr(self, group)
            if group in groups and words:
                parts.append(f"{_any(words)}{self._gap}")
        return re.compile(f"{_any(parts)}$") if parts else None

    def behind(self, groups: Sequence[str]) -> re.Pattern[str] | None:
        """What must not begin where a cue ends, of these lists."""
        parts = list(self.questions) if "questions" in groups else []
        if "over" in groups and self.over:
            parts.append(f"{self._gap}{_any(self.over)}")
        return re.compile(_any(parts)) if parts else None

    def not_after(self, words: Sequence[str]) -> re.Pattern[str] | None:
        """A rule's own words before its cue. A negation or a single character must touch it (没 begins too many
        words); a longer one may stand anywhere in the window."""
        touching = [re.escape(word) for word in words if len(word) == 1 or word in _NEGATIONS]
        loose = [re.escape(word) for word in words if not (len(word) == 1 or word in _NEGATIONS)]
        parts = [f"{_any(touching)}{self._carried}"] if touching else []
        parts += [f"{_any(loose)}{self._gap}"] if loose else []
        return re.compile(f"{_any(parts)}$") if parts else None


def _any(words: Sequence[str]) -> str:
    return f"(?:{'|'.join(words)})"


def regex_flaw(pattern: str) -> str | None:
    """What is wrong with a regular expression; None when it is sound."""
    try:
        return None if re.compile(pattern) and pattern else "is empty"
    except re.error as error:
        return f"'{pattern}' is no regular expression: {error}"

"""Cue rules: words that raise a message's tier because somebody may come to harm if nobody acts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paidan.cue_context import GROUPS, REACH, CueContext, regex_flaw
from paidan.normalise import normalise

TIERS = ("high", "medium")
SPAN = 80  # how far a pattern may reach from the rule's words
_KEYS = ("id", "tier", "why", "any", "pattern", "all", "not_after", "not_before", "context")


@dataclass(frozen=True, slots=True)
class CueRule:
    """One rule as written.

    Attributes:
        any: words; one of them must occur. With a `pattern` they are its `{any}` and what is looked for first.
        pattern: a regular expression; without it the words themselves are the cue.
        all: further conditions on the whole text, each a choice of words of which one must occur.
        not_after: words before the cue that undo it.
        not_before: words directly after the cue that undo it.
        context: which lists of the `CueContext` hold: a threat ("如果不退我就起诉") is one even when supposed.
    """

    id: str
    tier: str
    why: str
    any: tuple[str, ...] = ()
    pattern: str | None = None
    all: tuple[tuple[str, ...], ...] = ()
    not_after: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()
    context: tuple[str, ...] = GROUPS

    @property
    def regex(self) -> str:
        words = _choice(self.any)
        return words if self.pattern is None else self.pattern.replace("{any}", words)

    def to_raw(self) -> dict[str, Any]:
        raw: dict[str, Any] = {"id": self.id, "tier": self.tier, "why": self.why}
        for key in ("any", "not_after", "not_before"):
            if getattr(self, key):
                raw[key] = list(getattr(self, key))
        if self.pattern is not None:
            raw["pattern"] = self.pattern
        if self.all:
            raw["all"] = [list(words) for words in self.all]
        if self.context != GROUPS:
            raw["context"] = list(self.context)
        return raw


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fired: `text` stands at `[start, end)` of the normalised text."""

    id: str
    start: int
    end: int
    text: str
    tier: str
    why: str


@dataclass(frozen=True, slots=True)
class _Matcher:
    rule: CueRule
    cue: re.Pattern[str]
    before: tuple[re.Pattern[str], ...]
    behind: re.Pattern[str] | None

    def first(self, text: str) -> Firing | None:
        """The first place that counts, looked for around the rule's words only."""
        rule = self.rule
        begin, end = 0, len(text)
        if rule.any:
            found = [word for word in rule.any if word in text]
            if not found:
                return None
            begin = max(0, min(map(text.find, found)) - SPAN)
            end = max(map(text.rfind, found)) + SPAN
        for match in self.cue.finditer(text, begin, end):
            start, end = match.span()
            lead = text[max(0, start - REACH) : start]
            if text.startswith(rule.not_before, end) or any(pattern.search(lead) for pattern in self.before):
                continue
            if self.behind is not None and self.behind.match(text[end : end + REACH]):
                continue
            if all(any(word in text for word in words) for words in rule.all):
                return Firing(rule.id, start, end, text[start:end], rule.tier, rule.why)
        return None


@dataclass(frozen=True)
class CueRules:
    """All rules and the context they share. Rules only raise: none of them names `low`.

    >>> rules = CueRules((CueRule("smoke", "high", "人身安全", any=("冒烟", "起火")),))
    >>> [(firing.id, firing.start, firing.text) for firing in rules.fire("没用几次就冒烟了")]
    [('smoke', 5, '冒烟')]
    >>> rules.fire("没有冒烟,客服说会不会起火")
    []
    """

    rules: tuple[CueRule, ...] = ()
    context: CueContext = field(default_factory=CueContext)
    _matchers: tuple[_Matcher, ...] = field(init=False, repr=False, compare=False)
    # Which matchers a character or a pair of characters brings into play: most texts hold none of them.
    _by_pair: Mapping[tuple[str, str], frozenset[int]] = field(init=False, repr=False, compare=False)
    _pairs: frozenset[tuple[str, str]] = field(init=False, repr=False, compare=False)
    _by_character: Mapping[str, frozenset[int]] = field(init=False, repr=False, compare=False)
    _always: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups = {rule.context for rule in self.rules}
        before = {lists: self.context.before(lists) for lists in groups}
        behind = {lists: self.context.behind(lists) for lists in groups}
        matchers = tuple(
            _Matcher(
                rule,
                re.compile(rule.regex),
                tuple(filter(None, (before[rule.context], self.context.not_after(rule.not_after)))),
                behind[rule.context],
            )
            for rule in self.rules
        )
        pairs: dict[tuple[str, str], set[int]] = {}
        characters: dict[str, set[int]] = {}
        for number, rule in enumerate(self.rules):
            for word in rule.any:
                if len(word) == 1:
                    characters.setdefault(word, set()).add(number)
                else:
                    pairs.setdefault((word[0], word[1]), set()).add(number)
        object.__setattr__(self, "_matchers", matchers)
        object.__setattr__(self, "_pairs", frozenset(pairs))
        object.__setattr__(self, "_by_pair", {pair: frozenset(numbers) for pair, numbers in pairs.items()})
        object.__setattr__(self, "_by_character", {char: frozenset(numbers) for char, numbers in characters.items()})
        object.__setattr__(self, "_always", frozenset(n for n, rule in enumerate(self.rules) if not rule.any))

    def fire(self, text: str) -> list[Firing]:
        """Each rule that fires, at its first place that counts, in the order of the text.

        Args:
            text: normalised: simplified, half width.
        """
        pairs = self._pairs.intersection(itertools.pairwise(text))
        characters = [char for char in self._by_character if char in text]
        if not pairs and not characters and not self._always:
            return []
        called = self._always.union(
            *map(self._by_pair.__getitem__, pairs), *map(self._by_character.__getitem__, characters)
        )
        fired = [firing for number in called if (firing := self._matchers[number].first(text)) is not None]
        return sorted(fired, key=lambda firing: (firing.start, firing.end))

    def to_raw(self) -> list[dict[str, Any]]:
        return [rule.to_raw() for rule in self.rules]

    @classmethod
    def read(cls, raw: object, context: CueContext, problems: list[str]) -> CueRules:
        """The rules of a table; what is wrong with them is added to `problems`."""
        if raw is None:
            return cls((), context)
        if not isinstance(raw, Sequence) or isinstance(raw, str):
            problems.append(f"`cues`: expected a list of rules, found {raw!r}")
            return cls((), context)
        flaws_before = len(problems)
        rules = [rule for number, entry in enumerate(raw, 1) if (rule := _read_rule(entry, number, problems))]
        ids = [rule.id for rule in rules]
        problems += [
            f"cue '{key}': the id is taken; ids are unique" for key in sorted({i for i in ids if ids.count(i) > 1})
        ]
        # A rule that does not compile must not hide the other problems of the file.
        return cls(tuple(rules), context) if len(problems) == flaws_before else cls((), CueContext())


def _read_rule(entry: object, number: int, problems: list[str]) -> CueRule | None:
    if not isinstance(entry, Mapping) or not entry.get("id"):
        problems.append(
            f"cue {number}: expected a mapping with `id`, `tier`, `any` or `pattern`, and `why`, found {entry!r}"
        )
        return None
    where = f"cue '{entry['id']}'"
    problems += [f"{where}: unknown key '{key}'; allowed are {', '.join(_KEYS)}" for key in entry if key not in _KEYS]
    tier, why, pattern = entry.get("tier"), entry.get("why"), entry.get("pattern")
    if tier not in TIERS:
        problems.append(f"{where}: unknown tier {tier!r}; cues only raise, so high or medium is allowed")
    if not why:
        problems.append(f"{where}: `why` is missing; say in a word or two what is at stake")
    words = {key: _words(entry.get(key), f"{where}: `{key}`", problems) for key in ("any", "not_after", "not_before")}
    if not words["any"] and not pattern:
        problems.append(f"{where}: names no words; give `any` (a list of words) or `pattern` (a regular expression)")
    context = tuple(entry.get("context", GROUPS)) if isinstance(entry.get("context", GROUPS), Sequence) else ("?",)
    problems += [
        f"{where}: unknown context '{key}'; allowed are {', '.join(GROUPS)}" for key in context if key not in GROUPS
    ]
    conditions = entry.get("all") or []
    if not isinstance(conditions, list):
        problems.append(f"{where}: `all`: expected a list of words or of lists of words, found {conditions!r}")
        conditions = []
    every = tuple(
        _words(item if isinstance(item, list) else [item], f"{where}: `all`", problems) for item in conditions
    )
    if pattern is not None and not isinstance(pattern, str):
        problems.append(f"{where}: `pattern`: expected a text, found {pattern!r}")
        pattern = None
    rule = CueRule(
        str(entry["id"]),
        str(tier),
        str(why),
        words["any"],
        pattern,
        every,
        words["not_after"],
        words["not_before"],
        context,
    )
    if pattern is not None and (flaw := regex_flaw(rule.regex)):
        problems.append(f"{where}: `pattern` {flaw}")
    elif pattern is not None and re.search(rule.regex, ""):
        problems.append(f"{where}: `pattern` '{pattern}' is satisfied by nothing at all; it must name a word")
    return rule


def _words(raw: object, where: str, problems: list[str]) -> tuple[str, ...]:
    """Words as the normalised text has them; a scalar is a list of one; YAML reads 12315 as a number."""
    items = [] if raw is None else raw if isinstance(raw, list) else [raw]
    words = tuple(
        normalise(str(item)).text for item in items if isinstance(item, str | int) and not isinstance(item, bool)
    )
    if len(words) != len(items) or not all(words):
        problems.append(f"{where}: expected words, found {raw!r}; put them in quotes")
    return tuple(word for word in words if word)


def _choice(words: Sequence[str] | set[str]) -> str:
    """One regular expression for many words, as a tree of shared beginnings: fast to fail, longest first."""
    heads: dict[str, set[str]] = {}
    for word in words:
        heads.setdefault(word[0], set()).add(word[1:])
    branches = []
    for head in sorted(heads):
        rest = heads[head]
        tail = _choice(rest - {""}) if rest - {""} else ""
        branches.append(re.escape(head) + (f"{tail}?" if tail and "" in rest else tail))
    return f"(?:{'|'.join(branches)})"

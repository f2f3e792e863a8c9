"""Label cells: what a file says about a message, turned into our own ids or refused with a suggestion."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paidan.taxonomy import Taxonomy
from train.profile import BlankTag
from train.readers import column_of

STANDARD_HEADS = ("tag", "urgency", "kind", "scope")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "urgency": {"high": "high", "medium": "medium", "low": "low", "高": "high", "中": "medium", "低": "low"},
    "kind": {
        "complaint": "complaint", "inquiry": "inquiry", "suggestion": "suggestion",
        "投诉": "complaint", "咨询": "inquiry", "建议": "suggestion",
    },
    "scope": {name: name for name in ("noise", "praise", "other_language", "other_grievance")},
}  # fmt: skip
_SHOWN = 40
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Labels:
    """Reads the labels of a row.

    Args:
        taxonomy: the tags there are; None takes every tag as it is written (`--taxonomy infer`).
        heads: further label columns than the standard four.
        columns: our name → the file's.
        values: our column → the file's word → ours.
        blank_tag: what an empty tag cell means.
    """

    taxonomy: Taxonomy | None
    heads: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    blank_tag: BlankTag = "unlabelled"

    def read(self, row: Mapping[str, Any]) -> tuple[dict[str, str | None], tuple[str, ...], list[str]]:
        """The labels by head, the further tags, and a sentence for each problem.

        >>> Labels(Taxonomy.infer(["退款"])).read({"tag": "退款", "urgency": "高", "also": ""})
        ({'tag': '退款', 'urgency': 'high'}, (), [])
        >>> Labels(Taxonomy.infer(["退款"])).read({"tag": "退款吧"})[2]
        ["tag '退款吧' is not in the taxonomy. Did you mean '退款'?"]
        """
        labels: dict[str, str | None] = {}
        problems: list[str] = []
        for head in dict.fromkeys((*STANDARD_HEADS, *self.heads)):
            column = column_of(head, self.columns, row)
            if column in row:
                self._read_head(head, self.translate(head, row[column]), labels, problems)
            elif head == "tag" and self.blank_tag == "out_of_scope":
                labels["tag"] = None
        if labels.get("scope") and labels.get("tag"):
            problems.append("carries a tag and a scope; `scope` is for records without a tag")
        return labels, self._read_also(row, labels.get("tag"), problems), problems

    def translate(self, ours: str, value: Any) -> Any:
        """A cell in our words, by the profile; numbers become texts, as a code column of a workbook needs."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(int(value)) if value == int(value) else str(value)
        if isinstance(value, str):
            value = value.strip()
            return self.values.get(ours, {}).get(value, value)
        return value

    def _read_head(self, head: str, value: Any, labels: dict[str, str | None], problems: list[str]) -> None:
        if value is None:
            if head == "tag":
                labels["tag"] = None
        elif not isinstance(value, str):
            problems.append(f"{head}: expected a text, found {_noun(value)}")
        elif SURROGATE.search(value):
            problems.append(f"{head}: holds half of a surrogate pair, which is no character")
        elif value == "":
            if head == "tag" and self.blank_tag == "out_of_scope":
                labels["tag"] = None
        elif head == "tag":
            tag = self._tag("tag", value, problems)
            if tag is not None:
                labels["tag"] = tag
        elif head in _WORDS:
            known = _WORDS[head].get(value.casefold())
            if known is None:
                problems.append(f"{head} {_quoted(value)} is unknown; allowed are {', '.join(_WORDS[head])}")
            else:
                labels[head] = known
        else:
            labels[head] = value

    def _tag(self, name: str, value: str, problems: list[str]) -> str | None:
        if self.taxonomy is None:
            return value
        tag = self.taxonomy.find(value)
        if tag is None:
            problems.append(f"{name} {_quoted(value)} is not in the taxonomy. {_hint(self.taxonomy, value)}")
            return None
        return tag.id

    def _read_also(self, row: Mapping[str, Any], tag: str | None, problems: list[str]) -> tuple[str, ...]:
        value = row.get(column_of("also", self.columns, row))
        if value is None:
            return ()
        if isinstance(value, str):
            value = [piece for piece in value.replace("；", ";").split(";") if piece.strip()]
        if not isinstance(value, list):
            problems.append(f"also: expected a list of tags, or texts joined by `;`, found {_noun(value)}")
            return ()
        found: list[str] = []
        for piece in value:
            # The profile's words for a tag hold for further tags too.
            piece = self.translate("tag", piece)
            if isinstance(piece, str) and piece:
                also = self._tag("also", piece, problems)
                if also is not None:
                    found.append(also)
            elif piece is not None:
                problems.append(f"also: expected tags, found {_noun(piece) if piece != '' else 'an empty text'}")
        return tuple(also for also in dict.fromkeys(found) if also != tag)


def _quoted(value: str) -> str:
    """A label for an error. A long one is most likely the message in the wrong column, which is private."""
    if len(value) > _SHOWN:
        return f"of {len(value)} characters"
    return f"'{value.encode('utf-8', 'replace').decode()}'"


@functools.lru_cache(maxsize=4096)
def _nearest(taxonomy: Taxonomy, value: str) -> str | None:
    return taxonomy.nearest(value)


def _hint(taxonomy: Taxonomy, value: str) -> str:
    near = _nearest(taxonomy, value) if len(value) <= _SHOWN else None
    return f"Did you mean '{near}'?" if near else f"Its {len(taxonomy.tags)} tags go by id, name or code"


def _noun(value: object) -> str:
    return {list: "a list", bool: "true/false"}.get(type(value), "an object")

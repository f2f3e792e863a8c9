"""A profile: what is peculiar about one company's files, written down once.

Ugly workbooks come again every month. `--profile complaints.yaml` says which column is which, what their words for a
tier or a kind mean here, and how the file is encoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from paidan.errors import SettingsError

BlankTag = Literal["unlabelled", "out_of_scope"]
BLANK_TAGS = ("unlabelled", "out_of_scope")
_KEYS = ("columns", "values", "encoding", "sheet", "blank_tag")


@dataclass(frozen=True, slots=True)
class Profile:
    """How files are to be read.

    Args:
        columns: our name → the name of the file's column.
        values: our column → the file's word → ours; None means out of scope (`tag`) or not labelled (other heads).
        encoding: of JSON Lines and CSV; a byte order mark in the file wins.
        sheet: of a workbook; None is the first.
        blank_tag: what an empty tag cell means.

    >>> Profile.from_dict({"columns": {"text": "留言详情"}, "values": {"urgency": {"紧急": "high"}}}).columns["text"]
    '留言详情'
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    encoding: str = "utf-8"
    sheet: str | None = None
    blank_tag: BlankTag = "unlabelled"

    @classmethod
    def load(cls, path: Path) -> Profile:
        """Read and check a profile.

        Raises:
            SettingsError: with every problem of the file at once.
        """
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            problem = "not found" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
            raise SettingsError(str(path), [problem]) from None
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(str(path), [f"not readable as UTF-8 YAML: {error}"]) from None
        return cls.from_dict(raw, where=path.name)

    @classmethod
    def from_dict(cls, raw: object, where: str = "profile") -> Profile:
        if not isinstance(raw, Mapping):
            raise SettingsError(where, [f"expected a mapping with some of {', '.join(_KEYS)}"])
        problems = [f"unknown key '{key}'; allowed are {', '.join(_KEYS)}" for key in raw if key not in _KEYS]
        columns = _columns(raw.get("columns"), problems)
        values = _values(raw.get("values"), problems)
        problems.extend(
            f"`{key}` must be a text, like {example}"
            for key, example in (("encoding", "gb18030"), ("sheet", "Sheet1"))
            if not isinstance(raw.get(key), str | None)
        )
        blank_tag = raw.get("blank_tag", "unlabelled")
        if blank_tag not in BLANK_TAGS:
            problems.append(f"`blank_tag` is {blank_tag!r}; allowed are {', '.join(BLANK_TAGS)}")
        if problems:
            raise SettingsError(where, problems)
        return cls(columns, values, raw.get("encoding") or "utf-8", raw.get("sheet"), cast(BlankTag, blank_tag))


def _columns(raw: object, problems: list[str]) -> dict[str, str]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        problems.append("`columns` must be a mapping, like {text: 留言详情}")
        return {}
    return {str(ours): str(theirs) for ours, theirs in raw.items()}


def _values(raw: object, problems: list[str]) -> dict[str, dict[str, str | None]]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        problems.append("`values` must be a mapping of mappings, like {urgency: {紧急: high}}")
        return {}
    found: dict[str, dict[str, str | None]] = {}
    for column, words in raw.items():
        if not isinstance(words, Mapping):
            problems.append(f"`values: {column}` must be a mapping, like {{紧急: high}}")
            continue
        found[str(column)] = {_word(column, theirs, problems): _ours(ours) for theirs, ours in words.items()}
    return found


def _word(column: object, theirs: Any, problems: list[str]) -> str:
    if isinstance(theirs, bool) or theirs is None:
        problems.append(f"`values: {column}` has a word that YAML reads as {theirs!r}; put it in quotes")
    return str(theirs).strip()


def _ours(ours: Any) -> str | None:
    return None if ours is None else str(ours).strip()

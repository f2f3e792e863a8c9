"""The issue taxonomy: which tags exist, what staff read, where neighbours go."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from paidan.errors import TaxonomyError


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Border:
    """`when` a text is rather this, it goes to one of `goes_to`; empty means no tag at all."""

    when: str
    goes_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    id: str
    name: str
    definition: str = ""
    code: str | None = None
    category: Category | None = None
    borders: tuple[Border, ...] = ()


@dataclass(frozen=True)
class Taxonomy:
    """Tags in the order of the file.

    >>> taxonomy = Taxonomy.infer(["天气", "闹钟", "天气"])
    >>> [tag.id for tag in taxonomy.tags]
    ['天气', '闹钟']
    """

    version: str
    tags: tuple[Tag, ...]
    _by_key: Mapping[str, Tag] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys: dict[str, Tag] = {}
        for tag in self.tags:
            for key in (tag.code, tag.name, tag.id):
                if key:
                    keys[key] = tag
        object.__setattr__(self, "_by_key", keys)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(tag.id for tag in self.tags)

    def find(self, key: str) -> Tag | None:
        """The tag with this id, name or own code; None when there is none."""
        return self._by_key.get(key.strip())

    def nearest(self, key: str) -> str | None:
        """The id of the tag whose id, name or code looks most like `key`, for "did you mean"."""
        close = difflib.get_close_matches(key.strip(), list(self._by_key), n=1, cutoff=0.3)
        return self._by_key[close[0]].id if close else None

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form: the identity that a bundle carries."""
        canonical = json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @classmethod
    def infer(cls, labels: Iterable[str]) -> Taxonomy:
        """A taxonomy made of the labels of a file, each its own name, without categories."""
        return cls("inferred", tuple(Tag(label, label) for label in sorted(set(labels))))

    @classmethod
    def load(cls, path: Path) -> Taxonomy:
        """Read and check `taxonomy.yaml`.

        Raises:
            TaxonomyError: with every problem of the file at once.
        """
        try:
            raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        except FileNotFoundError:
            raise TaxonomyError(str(path), ["not found. `paidan init DIR` makes a workspace"]) from None
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise TaxonomyError(str(path), [f"not readable as UTF-8 YAML: {error}"]) from None
        return cls.from_dict(raw, where=path.name)

    @classmethod
    def from_dict(cls, raw: object, where: str = "taxonomy") -> Taxonomy:
        if not isinstance(raw, dict) or not isinstance(raw.get("tags"), list):
            raise TaxonomyError(where, ["expected a mapping with a list `tags`"])
        problems: list[str] = []
        categories: dict[str, Category] = {}
        for entry in raw.get("categories") or []:
            if isinstance(entry, dict) and entry.get("id") and entry.get("name"):
                categories[str(entry["id"])] = Category(str(entry["id"]), str(entry["name"]))
            else:
                problems.append(f"category {entry!r} needs `id` and `name`")
        tags = [_read_tag(entry, categories, problems) for entry in raw["tags"]]
        found = [tag for tag in tags if tag is not None]
        ids = {tag.id for tag in found}
        _check(found, ids, problems)
        if problems:
            raise TaxonomyError(where, problems)
        return cls(str(raw.get("version", "1")), tuple(found))

    def to_dict(self) -> dict[str, Any]:
        categories = {tag.category.id: tag.category.name for tag in self.tags if tag.category}
        return {
            "version": self.version,
            "categories": [{"id": key, "name": name} for key, name in categories.items()],
            "tags": [_write_tag(tag) for tag in self.tags],
        }


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read_tag(entry: object, categories: Mapping[str, Category], problems: list[str]) -> Tag | None:
    if not isinstance(entry, dict) or not entry.get("id") or not entry.get("name"):
        problems.append(f"tag {entry!r} needs `id` and `name`")
        return None
    tag_id = str(entry["id"])
    key = str(entry.get("category") or tag_id.split(".", 1)[0])
    category = categories.get(key)
    if category is None and categories:
        problems.append(f"tag '{tag_id}' is of category '{key}', which is not listed under `categories`")
    borders = []
    for border in entry.get("not") or []:
        goes_to = border.get("goes_to")
        targets = () if goes_to is None else tuple(goes_to) if isinstance(goes_to, list) else (goes_to,)
        borders.append(Border(str(border.get("when", "")), targets))
    code = entry.get("code")
    return Tag(
        tag_id,
        str(entry["name"]),
        str(entry.get("definition") or ""),
        None if code is None else str(code),
        category,
        tuple(borders),
    )


def _write_tag(tag: Tag) -> dict[str, Any]:
    raw: dict[str, Any] = {"id": tag.id, "name": tag.name}
    if tag.code is not None:
        raw["code"] = tag.code
    if tag.category is not None:
        raw["category"] = tag.category.id
    if tag.definition:
        raw["definition"] = tag.definition
    if tag.borders:
        raw["not"] = [{"when": b.when, "goes_to": list(b.goes_to) or None} for b in tag.borders]
    return raw


def _check(tags: Iterable[Tag], ids: set[str], problems: list[str]) -> None:
    seen: dict[str, str] = {}
    for tag in tags:
        for kind, key in (("id", tag.id), ("name", tag.name), ("code", tag.code)):
            if key is None or (kind == "name" and key == tag.id):
                continue
            if key in seen:
                problems.append(f"tag '{tag.id}': {kind} '{key}' is taken by '{seen[key]}'")
            seen[key] = tag.id
        for border in tag.borders:
            for target in border.goes_to:
                if target not in ids:
                    problems.append(f"tag '{tag.id}': `goes_to` names '{target}', which is no tag")

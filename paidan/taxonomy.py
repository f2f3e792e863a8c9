"""The issue taxonomy: which tags exist, what staff read, where neighbours go."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from paidan.errors import TaxonomyError
from paidan.migrations import FOLDER, Migrations


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

    Attributes:
        aliases: ids that are no more → the id that stands for them, for old clients, files and tickets.

    >>> taxonomy = Taxonomy.infer(["天气", "闹钟", "天气"])
    >>> [tag.id for tag in taxonomy.tags]
    ['天气', '闹钟']
    """

    version: str
    tags: tuple[Tag, ...]
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
    _by_key: Mapping[str, Tag] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys: dict[str, Tag] = {}
        for tag in self.tags:
            for key in (tag.code, tag.name, tag.id):
                if key:
                    keys[key] = tag
        for old, new in self.aliases.items():
            if new in keys:
                keys.setdefault(old, keys[new])
        object.__setattr__(self, "_by_key", keys)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(tag.id for tag in self.tags)

    def find(self, key: str) -> Tag | None:
        """The tag with this id, name, own code or earlier id; None when there is none."""
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
        """Read and check `taxonomy.yaml`, and the migrations beside it, which map ids that are no more.

        Raises:
            TaxonomyError: with every problem of the file at once.
        """
        try:
            raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        except FileNotFoundError:
            raise TaxonomyError(str(path), ["not found. `paidan init DIR` makes a workspace"]) from None
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise TaxonomyError(str(path), [f"not readable as UTF-8 YAML: {error}"]) from None
        taxonomy = cls.from_dict(raw, where=path.name)
        moved = Migrations.read(path.parent / FOLDER).aliases
        return replace(taxonomy, aliases={**taxonomy.aliases, **moved}) if moved else taxonomy

    @classmethod
    def from_dict(cls, raw: object, where: str = "taxonomy") -> Taxonomy:
        if not isinstance(raw, dict) or not isinstance(raw.get("tags"), list):
            raise TaxonomyError(where, ["expected a mapping with a list `tags`"])
        problems: list[str] = []
        categories: dict[str, Category] = {}
        for entry in _listed(raw.get("categories")):
            if isinstance(entry, dict) and entry.get("id") and entry.get("name"):
                categories[str(entry["id"])] = Category(str(entry["id"]), str(entry["name"]))
            else:
                problems.append(f"category {entry!r} needs `id` and `name`")
        tags = [_read_tag(entry, categories, problems) for entry in raw["tags"]]
        if not tags:
            problems.append("`tags` is empty; a model needs at least two")
        found = [tag for tag in tags if tag is not None]
        ids = {tag.id for tag in found}
        _check(found, ids, problems)
        if problems:
            raise TaxonomyError(where, problems)
        aliases = raw.get("aliases")
        moved = {str(old): str(new) for old, new in aliases.items()} if isinstance(aliases, dict) else {}
        return cls(str(raw.get("version", "1")), tuple(found), moved)

    def to_dict(self) -> dict[str, Any]:
        categories = {tag.category.id: tag.category.name for tag in self.tags if tag.category}
        return {
            "version": self.version,
            "categories": [{"id": key, "name": name} for key, name in categories.items()],
            "tags": [_write_tag(tag) for tag in self.tags],
            **({"aliases": dict(self.aliases)} if self.aliases else {}),
        }


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _listed(raw: object) -> list[Any]:
    """A list as it is; anything else that was written in its place as one entry, to be refused by name."""
    if raw is None:
        return []
    return raw if isinstance(raw, list) else [raw]


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
    for border in _listed(entry.get("not")):
        if not isinstance(border, dict):
            problems.append(f"tag '{tag_id}': `not` is a list of {{when, goes_to}}, found {border!r}")
            continue
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
            problems += [
                f"tag '{tag.id}': `goes_to` names '{target}', which is no tag"
                for target in border.goes_to
                if target not in ids
            ]

"""A planned change of the taxonomy: the new text, what becomes of each record, and the migration that remembers it.

Nothing is written until `apply`. Written in this order, a machine that stops half-way leaves a workspace that still
reads: the migration maps the old ids from its first line on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paidan.errors import TaxonomyError
from paidan.migrations import FOLDER, Migration, Migrations
from paidan.person import person
from paidan.taxonomy import Taxonomy
from paidan.workspace import Workspace
from train.duplicates import comparable
from train.taxonomy_text import TaxonomyText

QUEUE = "relabel"
Row = dict[str, Any]


@dataclass(frozen=True)
class Surgery:
    """One operation.

    Attributes:
        moved: old id → new id. `gone`: ids without a successor.
        queued: which starter records lose their tag and wait for a reader.
    """

    workspace: Workspace
    text: TaxonomyText
    migration: Migration
    moved: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    outside: bool = False
    queued: Callable[[Row], bool] = field(default=lambda _: False, repr=False)

    def records(self) -> dict[str, int]:
        """How many starter records are relabelled and how many wait for a reader."""
        counts = {"relabelled": 0, "queued": 0}
        for path in self.workspace.starter:
            for before in _rows(path):
                after, queued = self._changed(before)
                counts["queued" if queued else "relabelled"] += queued or after != before
        return counts

    def apply(self, why: str, impact: Mapping[str, Any] | None) -> dict[str, Any]:
        """Write everything; returns the migration as it was written."""
        datasets = self.workspace.datasets
        counts = self.records()
        told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "by": person(), "why": why}
        details = {**self.migration.details, **told, "records": counts, "impact": dict(impact or {})}
        final = replace(self.migration, details=details)
        Migrations.read(datasets / FOLDER).write(datasets / FOLDER, final)
        _write(datasets / "taxonomy.yaml", self.text.text)
        for path in self.workspace.starter:
            self._relabel(path)
        self._rename_files(datasets / "starter", ".jsonl")
        self._rename_files(datasets / "vocabulary", ".txt")
        return final.to_raw()

    def _relabel(self, path: Path) -> None:
        kept: list[Row] = []
        waiting: list[Row] = []
        touched = False
        for before in _rows(path):
            after, queued = self._changed(before)
            touched |= queued or after != before
            (waiting if queued else kept).append(after)
        if waiting:
            queue = self.workspace.datasets / QUEUE / f"{self.migration.file.removesuffix('.yaml')}.jsonl"
            queue.parent.mkdir(exist_ok=True)
            with queue.open("a", encoding="utf-8") as file:
                file.writelines(_line(row) for row in waiting)
        if touched:
            _write(path, "".join(map(_line, kept)))

    def _changed(self, row: Row) -> tuple[Row, bool]:
        """A record under the new taxonomy, and whether a reader must label it anew."""
        tag = str(row.get("tag"))
        after = dict(row)
        if isinstance(row.get("also"), list):
            also = [self.moved.get(one, one) for one in row["also"] if one not in self.gone]
            after["also"] = [one for one in dict.fromkeys(also) if one != self.moved.get(tag, tag)]
        if tag in self.gone and self.outside:
            return {**after, "tag": None, "scope": "other_grievance"}, False
        if tag in self.gone or self.queued(row):
            del after["tag"]
            return {**after, "was": tag}, True
        if tag in self.moved:
            after["tag"] = self.moved[tag]
        return after, False

    def _rename_files(self, folder: Path, suffix: str) -> None:
        """Files that are named after a tag follow it."""
        for old in (*self.moved, *self.gone):
            path = folder / (old + suffix)
            if not path.is_file():
                continue
            if old in self.gone:
                if suffix == ".txt" or not path.stat().st_size:
                    path.unlink()
                continue
            target = folder / (self.moved[old] + suffix)
            if target.is_file():
                _write(target, _ended(target.read_text(encoding="utf-8")) + path.read_text(encoding="utf-8"))
                path.unlink()
            else:
                path.rename(target)


def rename(workspace: Workspace, tag: str, new_id: str | None, new_name: str | None) -> Surgery:
    """Another id, another name, or both. The old ones go on being understood."""
    taxonomy, text, done = _opened(workspace)
    old = _known(taxonomy, tag)
    if new_id is None and new_name is None:
        raise TaxonomyError("rename", ["say what changes: --id NEW, --name NAME, or both"])
    names: tuple[str, ...] = ()
    if new_name is not None and new_name != old.name:
        text, names = text.valued(old.id, "name", new_name), (old.name,)
    if new_id is None or new_id == old.id:
        return Surgery(workspace, text.checked(), Migration(done.next_number, "rename", (), old.id, names=names))
    _fresh(new_id, taxonomy, done)
    if old.category is not None and new_id.split(".", 1)[0] != old.category.id:
        text = text.valued(old.id, "category", old.category.id)
    text = text.valued(old.id, "id", new_id).pointed((old.id,), new_id)
    migration = Migration(done.next_number, "rename", (old.id,), new_id, (new_id,), names)
    return Surgery(workspace, text.checked(), migration, {old.id: new_id})


def retire(workspace: Workspace, tag: str, *, outside: bool = False) -> Surgery:
    """A tag that nobody uses any more. Its records wait for a reader, or are out of scope from now on."""
    taxonomy, text, done = _opened(workspace)
    old = _known(taxonomy, tag)
    text = text.pointed((old.id,), None).without(old.id)
    migration = Migration(done.next_number, "retire", (old.id,))
    return Surgery(workspace, text.checked(), migration, gone=(old.id,), outside=outside)


def merge(workspace: Workspace, tags: Sequence[str], into: str, name: str | None, definition: str | None) -> Surgery:
    """Several tags become one: one of them, or a new one, which takes the place of the first."""
    taxonomy, text, done = _opened(workspace)
    found = list(dict.fromkeys(_known(taxonomy, tag).id for tag in tags))
    there = taxonomy.find(into)
    target = there.id if there is not None and into not in done.spent else into
    old = [tag for tag in found if tag != target]
    if len({*found, target}) < 2:
        raise TaxonomyError("merge", ["name at least two different tags"])
    names = tuple(tag.name for tag in taxonomy.tags if tag.id in old)
    added: tuple[str, ...] = ()
    if target not in taxonomy.ids:
        _fresh(target, taxonomy, done)
        if not name:
            raise TaxonomyError("merge", [f"'{target}' is a new tag and needs a name: --name NAME"])
        added = (target,)
        first = taxonomy.find(old[0])
        given: dict[str, Any] = {"id": target, "name": name, "definition": definition}
        if first and first.category and target.split(".", 1)[0] != first.category.id:
            given["category"] = first.category.id
        if name in names:
            names = tuple(one for one in names if one != name)
        # A name may go on with the new tag, so the old entry goes before the check.
        text = text.added(given, old[0])
    else:
        for key, value in (("name", name), ("definition", definition)):
            if value:
                text = text.valued(target, key, value)
    text = text.pointed(old, target)
    for tag in old:
        text = text.without(tag)
    migration = Migration(done.next_number, "merge", tuple(old), target, added, names)
    return Surgery(workspace, text.checked(), migration, dict.fromkeys(old, target))


def add(
    workspace: Workspace,
    tag: str,
    name: str,
    definition: str,
    *,
    category: str | None = None,
    near: Sequence[str] = (),
    words: Sequence[str] = (),
) -> Surgery:
    """A new tag. Records of its neighbours that hold one of its words wait for a reader."""
    taxonomy, text, done = _opened(workspace)
    _fresh(tag, taxonomy, done)
    neighbours = {_known(taxonomy, one).id for one in near}
    given = {"id": tag, "name": name, "definition": definition, "category": category}
    own = category or tag.split(".", 1)[0]
    siblings = [one.id for one in taxonomy.tags if one.category and one.category.id == own]
    text = text.added(given, siblings[-1] if siblings else taxonomy.ids[-1])
    sought = [comparable(word) for word in words]

    def queued(row: Row) -> bool:
        return row.get("tag") in neighbours and any(word in comparable(str(row.get("text", ""))) for word in sought)

    migration = Migration(
        done.next_number, "add", added=(tag,), details={"near": sorted(neighbours), "words": list(words)}
    )
    return Surgery(workspace, text.checked(), migration, queued=queued)


def _opened(workspace: Workspace) -> tuple[Taxonomy, TaxonomyText, Migrations]:
    taxonomy = workspace.taxonomy()
    path = workspace.datasets / "taxonomy.yaml"
    return taxonomy, TaxonomyText(path.read_text(encoding="utf-8")), Migrations.read(workspace.datasets / FOLDER)


def _known(taxonomy: Taxonomy, tag: str) -> Any:
    found = taxonomy.find(tag)
    if found is None:
        near = taxonomy.nearest(tag)
        hint = f". Did you mean '{near}'?" if near else ""
        raise TaxonomyError("taxonomy.yaml", [f"has no tag '{tag}'{hint}"])
    return found


def _fresh(tag: str, taxonomy: Taxonomy, done: Migrations) -> None:
    if tag in done.spent:
        raise TaxonomyError(
            "taxonomy.yaml", [f"'{tag}' was the id of a tag that is no more; ids are never used again. Choose another"]
        )
    if taxonomy.find(tag) is not None:
        raise TaxonomyError("taxonomy.yaml", [f"'{tag}' is the id, name or code of a tag already. Choose another"])


def _rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _write(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)

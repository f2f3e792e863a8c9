"""`taxonomy.yaml` as text: single entries changed, everything else, comments included, left as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from paidan.errors import TaxonomyError
from paidan.taxonomy import Taxonomy

WHERE = "taxonomy.yaml"


@dataclass(frozen=True)
class TaxonomyText:
    """The text. Every method gives a new one; `checked` refuses what would not be a taxonomy any more.

    >>> text = TaxonomyText("tags:\\n- {id: a, name: 甲} # 一\\n- {id: b, name: 乙}\\n")
    >>> print(text.valued("a", "name", "甲甲").without("b").text, end="")
    tags:
    - {id: a, name: 甲甲} # 一
    """

    text: str

    @property
    def taxonomy(self) -> Taxonomy:
        return Taxonomy.from_dict(yaml.safe_load(self.text), WHERE)

    def valued(self, tag: str, key: str, value: str) -> TaxonomyText:
        """Give a tag's key another value, or the key itself."""
        node = self._tag(tag)
        for name, found in node.value:
            if name.value == key:
                return self._put(found.start_mark.index, found.end_mark.index, _scalar(value))
        name, found = next(pair for pair in node.value if pair[0].value == "name")
        end = found.end_mark.index
        between = ", " if node.flow_style else "\n" + " " * name.start_mark.column
        return self._put(end, end, f"{between}{key}: {_scalar(value)}")

    def without(self, tag: str) -> TaxonomyText:
        return self._cut(self._tag(tag))

    def added(self, tag: dict[str, Any], after: str) -> TaxonomyText:
        """A new entry behind that of another tag, in its style of indentation."""
        node = self._tag(after)
        dash = self.text.rindex("-", 0, node.start_mark.index)
        indent = " " * (dash - self._line_start(dash))
        lines = [f"{key}: {_scalar(value)}" for key, value in tag.items() if value]
        block = f"{indent}- {lines[0]}\n" + "".join(f"{indent}  {line}\n" for line in lines[1:])
        end = self._line_end(_last(node))
        return self._put(end, end, block if self.text[end - 1 : end] == "\n" else "\n" + block)

    def pointed(self, old: Sequence[str], new: str | None) -> TaxonomyText:
        """Let every `goes_to` that names an old tag name the new one; a tag's border with itself goes away."""
        text = self
        while True:
            found = next(text._borders(old), None)
            if found is None:
                return text
            owner, entry, target = found
            if new is not None and owner == new:
                text = text._cut(entry)
            else:
                text = text._put(target.start_mark.index, target.end_mark.index, _scalar(new))

    def checked(self) -> TaxonomyText:
        """Raise unless this is a taxonomy."""
        _ = self.taxonomy
        return self

    def _borders(self, old: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
        for node in self._tags():
            owner = next(str(value.value) for name, value in node.value if name.value == "id")
            for name, value in node.value:
                if name.value != "not" or not isinstance(value, yaml.SequenceNode):
                    continue
                for entry in value.value:
                    for target in _targets(entry):
                        if target.value in old:
                            yield owner, entry, target

    def _tags(self) -> list[Any]:
        root = yaml.compose(self.text, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode):
            raise TaxonomyError(WHERE, ["expected a mapping with a list `tags`"])
        return next((list(value.value) for name, value in root.value if name.value == "tags"), [])

    def _tag(self, tag: str) -> Any:
        for node in self._tags():
            if any(name.value == "id" and value.value == tag for name, value in node.value):
                return node
        raise TaxonomyError(WHERE, [f"has no tag '{tag}'"])

    def _cut(self, item: Any) -> TaxonomyText:
        """Remove an item of a block sequence with its lines; comments before the next item stay."""
        start = self._line_start(item.start_mark.index)
        if self.text[start : item.start_mark.index].strip() != "-":
            raise TaxonomyError(
                WHERE, ["an entry to remove does not stand on lines of its own; write one entry a line"]
            )
        return self._put(start, self._line_end(_last(item)), "")

    def _put(self, start: int, end: int, written: str) -> TaxonomyText:
        return TaxonomyText(self.text[:start] + written + self.text[end:])

    def _line_start(self, place: int) -> int:
        return self.text.rfind("\n", 0, place) + 1

    def _line_end(self, place: int) -> int:
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end + 1


def _targets(entry: Any) -> list[Any]:
    if not isinstance(entry, yaml.MappingNode):
        return []
    value = next((value for name, value in entry.value if name.value == "goes_to"), None)
    return [] if value is None else list(value.value) if isinstance(value, yaml.SequenceNode) else [value]


def _last(node: Any) -> int:
    """Where the last word of a node ends. A block's own end lies behind the comments that follow it."""
    if node.flow_style or isinstance(node, yaml.ScalarNode) or not node.value:
        end = int(node.end_mark.index)
        # A block scalar ends at the start of the line behind it.
        return end - 1 if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else end
    last = node.value[-1]
    return _last(last[1] if isinstance(last, tuple) else last)


def _scalar(value: str | None) -> str:
    """A value as YAML writes it in a flow or a block: plain when that is safe, else in quotes."""
    if value is None:
        return "null"
    plain = value.isprintable() and not any(char in value for char in "{}[],#&*!|>'\"%@`:") and value.strip() == value
    return value if plain and value and yaml.safe_load(value) == value else json.dumps(value, ensure_ascii=False)

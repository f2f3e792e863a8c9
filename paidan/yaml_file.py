"""A YAML file that people edit: read as UTF-8, with keys written twice noticed instead of swallowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from paidan.errors import Findings

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path, refusal: type[Findings], remedy: str) -> tuple[object, list[str]]:
    """The file's content, and a sentence for each key that was written twice.

    YAML keeps the last of two equal keys without a word; a queue pasted twice would vanish.

    Args:
        path: the file.
        refusal: the error of the family to raise when nothing can be read.
        remedy: what to do when the file is not there.

    Raises:
        Findings: (as `refusal`) when the file is missing, not UTF-8 or not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise refusal(str(path), [f"not found. {remedy}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise refusal(str(path), [f"not readable as UTF-8 text: {error}"]) from None
    twice: list[str] = []

    class Loader(_BASE):  # type: ignore[misc]
        """Reads as YAML does and writes down the keys that it meets twice."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if key.value in seen:
                    twice.append(f"line {key.start_mark.line + 1}: '{key.value}' is written twice; keep one of them")
                seen.add(str(key.value))
            return dict(super().construct_mapping(node, deep))

    try:
        return yaml.load(text, Loader), twice
    except yaml.YAMLError as error:
        raise refusal(path.name, [f"not YAML: {' '.join(str(error).split())}"]) from None
    except (ValueError, TypeError) as error:  # a date like 2026-02-30, a mapping used as a key
        raise refusal(path.name, [f"holds a value that YAML cannot read: {error}"]) from None


def unknown_keys(where: str, raw: Mapping[Any, Any], allowed: Iterable[str]) -> list[str]:
    """A sentence for every key of `raw` that nobody reads."""
    known = list(allowed)
    return [
        f"{where}: unknown key '{key}'{did_you_mean(str(key), known)}; allowed are {', '.join(known)}"
        for key in raw
        if key not in known
    ]


def did_you_mean(written: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(written, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""

"""A row as a reader hands it on: its line, and its cells or what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read: a sentence that says why, and what stood there, for `--rejects`."""

    problem: str
    raw: Mapping[str, Any]


Row = tuple[int, dict[str, Any] | BadRow]

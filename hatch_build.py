"""Build hook: a wheel carries `datasets/` as package data; an editable install reads the repository's own."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DefaultsHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the defaults that `paidan init` copies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["datasets"] = "paidan/defaults/datasets"

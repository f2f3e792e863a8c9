"""Settings: one table of name, default and help. `PAIDAN_*` overrides `paidan.toml` overrides the default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from paidan.errors import SettingsError

FILE = "paidan.toml"
PREFIX = "PAIDAN_"


class Settings(BaseModel):
    """Checked settings of one workspace; start-up refuses nonsense."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: Annotated[
        float, Field(ge=0.5, le=0.999, description="precision promised of answers routed unattended")
    ] = 0.95
    candidate_coverage: Annotated[
        float, Field(ge=0.5, le=0.99, description="how often the candidate set holds the right tag")
    ] = 0.95
    database_url: Annotated[
        str | None, Field(description="ledger; empty: ledger.db in the workspace; or postgresql+psycopg://…")
    ] = None
    retention_days: Annotated[
        int | None,
        Field(ge=1, le=36500, description="answers older than this many days are removed; empty: kept for ever"),
    ] = None
    tracking_uri: Annotated[
        str | None, Field(description="MLflow tracking server; empty: embedded in models/registry")
    ] = None
    registered_model: Annotated[
        str, Field(min_length=1, max_length=100, description="name of the model in the MLflow registry")
    ] = "paidan"
    host: Annotated[str, Field(description="address that `paidan serve` listens on")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65535, description="port that `paidan serve` listens on; 0 takes a free one")
    ] = 8000
    workers: Annotated[int, Field(ge=1, le=64, description="server processes; one or two on SQLite")] = 1
    swap_seconds: Annotated[
        float, Field(gt=0, le=60, description="how often a server looks for a new champion, in seconds")
    ] = 0.5
    max_body_mb: Annotated[int, Field(ge=1, le=1000, description="largest accepted request body, in MB")] = 64
    keys_required: Annotated[
        Literal["auto", "always", "never"], Field(description="auto: needed unless the server listens on loopback")
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="how much the server logs; never message text")
    ] = "info"


def load_settings(home: Path, environ: Mapping[str, str] | None = None) -> tuple[Settings, dict[str, str]]:
    """Settings of a workspace, and where each came from (`default`, `paidan.toml` or the variable's name).

    Raises:
        SettingsError: every unknown name and bad value at once.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for name, value in _from_file(home / FILE).items():
        values[name] = value
        origins[name] = FILE
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if environ.get(variable, "") != "":
            values[name] = environ[variable]
            origins[name] = variable
    try:
        return Settings(**values), origins
    except ValidationError as error:
        problems = []
        for detail in error.errors(include_input=False, include_url=False):
            name = str(detail["loc"][0])
            origin = origins.get(name, FILE)
            known = "" if name in Settings.model_fields else f" Known settings: {', '.join(Settings.model_fields)}"
            problems.append(f"{name} (from {origin}): {detail['msg']}.{known}")
        raise SettingsError("settings", problems) from None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [f"not readable as UTF-8 TOML: {error}"]) from None

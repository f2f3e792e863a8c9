"""A trained version on its way into the registry: kept whole on disk until it is there.

A server that dies under the upload costs nothing but the upload.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paidan.bundle import MANIFEST, Bundle, read_manifest, write_manifest
from paidan.errors import RegistryError
from train.gate_set import GateSet
from train.honest import Honest, write_honest

FOLDER, STATE = "staging", "stage.json"


@dataclass(frozen=True)
class Evidence:
    """What a version is registered with.

    Attributes:
        inputs: what was learned from: name, digest, rows.
        figures: the few numbers that the history shows.
    """

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    inputs: Sequence[Mapping[str, Any]] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A folder with `bundle/`, `files/`, the gate's records, the out-of-fold answers and `stage.json`.

    Attributes:
        run: the MLflow run that was begun for it; None before.
    """

    folder: Path
    evidence: Evidence
    run: str | None = None

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle"

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def gate(self) -> Path:
        return self.folder / "gate.jsonl"

    @property
    def honest(self) -> Path:
        return self.folder / "honest.jsonl"

    @classmethod
    def make(cls, models: Path, bundle: Bundle, evidence: Evidence, gate: GateSet, honest: Iterable[Honest]) -> Stage:
        """Lay everything down before the registry is asked for anything. The caller adds its report to `files`."""
        name = str((bundle.identity.get("data") or {}).get("fingerprint", "version"))[:16]
        stage = cls(models / FOLDER / name, evidence)
        shutil.rmtree(stage.folder, ignore_errors=True)
        stage.files.mkdir(parents=True)
        bundle.save(stage.bundle)
        gate.write(stage.gate)
        write_honest(stage.honest, honest)
        return stage

    def sealed(self) -> Stage:
        """Say that it is complete: without this line nothing is resumed."""
        self._write()
        return self

    @classmethod
    def waiting(cls, models: Path) -> list[Stage]:
        """The complete ones, oldest first."""
        found = sorted((models / FOLDER).glob(f"*/{STATE}"), key=lambda path: path.stat().st_mtime)
        return [cls._read(path) for path in found]

    def begun(self, run: str) -> Stage:
        stage = replace(self, run=run)
        stage._write()
        return stage

    def name(self, model: str, version: str) -> str:
        """Write the version into the bundle's identity; returns the bundle's digest."""
        manifest = json.loads((self.bundle / MANIFEST).read_text(encoding="utf-8"))
        identity = {**manifest["identity"], "name": model, "version": version}
        return write_manifest(self.bundle, identity, list(manifest["files"]))

    def settle(self, models: Path, version: str) -> str:
        """Move what the workspace keeps to its place; returns the bundle's digest."""
        _, digest = read_manifest(self.bundle)
        for source, target in (
            (self.gate, models / "gate" / f"{version}.jsonl"),
            (self.honest, models / "honest" / f"{version}.jsonl"),
            (self.bundle, models / version),
        ):
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                shutil.rmtree(target)
            source.rename(target)
        shutil.rmtree(self.folder, ignore_errors=True)
        return digest

    def _write(self) -> None:
        evidence = self.evidence
        state = {
            "run": self.run,
            "params": dict(evidence.params),
            "metrics": dict(evidence.metrics),
            "tags": dict(evidence.tags),
            "inputs": [dict(one) for one in evidence.inputs],
            "figures": dict(evidence.figures),
        }
        partial = self.folder / (STATE + ".part")
        partial.write_text(json.dumps(state, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
        partial.replace(self.folder / STATE)

    @classmethod
    def _read(cls, path: Path) -> Stage:
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            run = state.pop("run")
            return cls(path.parent, Evidence(**state), run)
        except (ValueError, KeyError, TypeError) as error:
            raise RegistryError(f"{path} is damaged ({error}). Remove {path.parent} and train again") from None

"""From a registered version to the folder that answers: export, gate, flip."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paidan.bundle import Bundle
from paidan.champion import Champion, promote, read_champion
from paidan.errors import BundleError, RegistryError
from paidan.router import Router
from paidan.workspace import Workspace
from train.behaviour import read_cases, run_cases
from train.gate import Rules, Verdict, judge_candidate, load_rules
from train.judge import judge
from train.records import Record, read_records
from train.registry import CHALLENGER, CHAMPION, Registry


@dataclass(frozen=True)
class Versions:
    """Where the versions of a workspace lie, and the way from one to the next."""

    workspace: Workspace
    registry: Registry

    def folder(self, version: str) -> Path:
        return self.workspace.models / version

    def bundle(self, ref: str) -> Bundle:
        """The bundle that a version number, an alias or a path means; fetched from the registry when needed."""
        path = Path(ref)
        if ref not in (CHAMPION, CHALLENGER) and not ref.isdigit():
            if not path.is_dir():
                raise BundleError(
                    f"'{ref}' is no version, alias or folder. Allowed: champion, challenger, a version number, or a bundle's path"
                )
            return Bundle.load(path)
        return Bundle.load(self.exported(self.registry.resolve(ref)))

    def exported(self, version: str) -> Path:
        folder = self.folder(version)
        if not (folder / "manifest.json").is_file():
            self.registry.fetch(version, folder)
        return folder

    def router(self, bundle: Bundle) -> Router:
        settings = self.workspace.settings
        champion = read_champion(self.workspace.models)
        state = champion.contract.state if champion and champion.digest == bundle.digest else "trial"
        routing = self.workspace.routing(bundle.taxonomy, lenient=True)
        return Router(bundle, routing, settings.precision, settings.candidate_coverage, state)

    def gate_file(self, version: str) -> Path:
        return self.workspace.models / "gate" / f"{version}.jsonl"

    def keep_gate_records(self, version: str, records: Sequence[Record]) -> None:
        """The records that the version never saw, kept beside it: the workspace's own data stays in the workspace."""
        path = self.gate_file(version)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            for record in records:
                row = {**record.raw, **dict(record.labels), "also": list(record.also), "text": record.text}
                row = {key: value for key, value in row.items() if key not in ("title", "turns")}
                file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")

    def verdict(self, version: str) -> Verdict:
        """Judge a candidate against the champion on the candidate's gate records."""
        bundle = self.bundle(version)
        path = self.gate_file(version)
        records = read_records([path], taxonomy=None).records if path.is_file() and path.stat().st_size else ()
        router = self.router(bundle)
        cases_path = self.workspace.datasets / "behaviour.jsonl"
        cases = read_cases(cases_path) if cases_path.is_file() else []
        broken, _ = run_cases(router, cases)
        champion = read_champion(self.workspace.models)
        if champion is None:
            return judge_candidate(judge(router, records), None, broken, (), self.rules())
        rival = self.router(self.bundle(champion.version))
        already, _ = run_cases(rival, cases)
        return judge_candidate(judge(router, records), judge(rival, records), broken, already, self.rules())

    def rules(self) -> Rules:
        return load_rules(self.workspace.datasets / "gate.yaml")

    def promote(self, ref: str, *, why: str, force: bool) -> tuple[Champion, Verdict]:
        """Export, gate and flip. Nothing changes when the gate refuses.

        Raises:
            GateError: with every reason and by how much.
        """
        version = self.registry.resolve(ref)
        bundle = self.bundle(version)
        verdict = self.verdict(version)
        if force and not why.strip():
            raise RegistryError('`--force` needs a reason that is recorded: --why "…"')
        if not force:
            verdict.require()
        champion = promote(
            self.workspace.models,
            version,
            bundle.digest,
            by=_person(),
            why=why,
            gate={**verdict.to_dict(), "forced": force and not verdict.passed},
        )
        self.registry.point(CHAMPION, version)
        return champion, verdict


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def versions(workspace: Workspace) -> Versions:
    return Versions(workspace, Registry(workspace))

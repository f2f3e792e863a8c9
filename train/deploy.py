"""From a registered version to the folder that answers: export, gate, flip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from paidan.bundle import Bundle
from paidan.champion import PULLED, Champion, promote, read_champion, read_history, swaps
from paidan.errors import BundleError, LedgerError, PaidanError, RegistryError
from paidan.ledger.ledger import Ledger
from paidan.person import person
from paidan.router import Router
from paidan.workspace import Workspace
from train.behaviour import read_cases
from train.carry import contract_for
from train.examination import Examination, Side
from train.gate import Rules, Verdict, load_rules
from train.gate_set import GateSet
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
        bundle = Bundle.load(self.exported(self.resolve(ref)))
        champion = read_champion(self.workspace.models) if ref == CHAMPION else None
        if champion is not None and champion.digest != bundle.digest:
            raise BundleError(
                f"{self.folder(champion.version)} is not the bundle that was promoted (digest differs). "
                "Promote the version again"
            )
        return bundle

    def resolve(self, ref: str) -> str:
        """The version that `champion`, `challenger` or a number means. A bundle that lies here needs no registry."""
        return ref if ref.isdigit() and self._lies_here(ref) else self.registry.resolve(ref)

    def exported(self, version: str) -> Path:
        if not self._lies_here(version):
            self.registry.fetch(version, self.folder(version))
        return self.folder(version)

    def router(self, bundle: Bundle) -> Router:
        settings = self.workspace.settings
        champion = read_champion(self.workspace.models)
        state = champion.contract.state if champion and champion.digest == bundle.digest else "trial"
        routing = self.workspace.routing(bundle.taxonomy, lenient=True)
        return Router(bundle, routing, settings.precision, settings.candidate_coverage, state)

    # The gate

    def gate_file(self, version: str) -> Path:
        return self.workspace.models / "gate" / f"{version}.jsonl"

    def honest_file(self, version: str) -> Path:
        return self.workspace.models / "honest" / f"{version}.jsonl"

    def gate_records(self, version: str, bundle: Bundle) -> GateSet:
        """What a version put aside, as it was then."""
        digest = (bundle.identity.get("gate") or {}).get("sha256")
        return GateSet.read(self.gate_file(version), digest)

    def frozen_records(self, champion: Champion, bundle: Bundle) -> GateSet:
        """The gate set of the last promotion; what the champion put aside when none was frozen yet."""
        for entry in reversed(swaps(read_history(self.workspace.models))):
            digest = ((entry.get("gate") or {}).get("gate_set") or {}).get("sha256")
            if digest:
                found = GateSet.read(self._frozen_file(digest), digest)
                if found.records:
                    return found
        return self.gate_records(champion.version, bundle)

    def examination(self, version: str, *, replace_taxonomy: bool = False) -> Examination:
        """The candidate beside the champion, on the same records."""
        bundle = self.bundle(version)
        mine = Side(bundle, self.router(bundle), self.gate_records(version, bundle), self.honest_file(version))
        path = self.workspace.datasets / "behaviour.jsonl"
        cases = tuple(read_cases(path)) if path.is_file() else ()
        champion = read_champion(self.workspace.models)
        rival = None
        if champion is not None:
            other = self.bundle(CHAMPION)
            gate = self.frozen_records(champion, other)
            rival = Side(other, self.router(other), gate, self.honest_file(champion.version))
        return Examination(mine, rival, cases, self.rules(), replace_taxonomy, self._corrected_tags)

    def verdict(self, version: str, *, replace_taxonomy: bool = False) -> Verdict:
        """Judge a candidate against the champion; nothing changes."""
        return self.examination(version, replace_taxonomy=replace_taxonomy).verdict()[0]

    def rules(self) -> Rules:
        return load_rules(self.workspace.datasets / "gate.yaml")

    # The swap

    def promote(self, ref: str, *, why: str, force: bool, replace_taxonomy: bool = False) -> tuple[Champion, Verdict]:
        """Export, gate and flip. Nothing changes when the gate refuses.

        A dead MLflow server stops nothing whose bundle lies here: the alias follows at the next call, and a note of
        the verdict says so.

        Raises:
            GateError: with every reason and by how much.
        """
        if force and not why.strip():
            raise RegistryError('`--force` needs a reason that is recorded: --why "…"')
        version = self.resolve(ref)
        bundle = self.bundle(version)
        verdict, records = self._held(version, replace_taxonomy, force)
        if not force:
            verdict.require()
        if records.records:
            records.write(self._frozen_file(records.digest))
        gate = {**verdict.to_dict(), "forced": force and not verdict.passed}
        contract, said = contract_for(self.workspace, self.router(bundle), version)
        champion = promote(
            self.workspace.models, version, bundle.digest, by=person(), why=why, gate=gate, contract=contract
        )
        return champion, verdict.joined(notes=(*self.registry.follow(champion), *([said] if said else [])))

    def pull(self) -> Champion | None:
        """Follow the registry's champion into `models/`; None when it answers here already."""
        models = self.workspace.models
        self.registry.catch_up()
        version = self.registry.champion()
        before = read_champion(models)
        digest = Bundle.load(self.exported(version)).digest
        if before is not None and before.version == version and before.digest == digest:
            return None
        return promote(
            models, version, digest, by=person(), why=f"alias {CHAMPION} of {self.registry.shown}", event=PULLED
        )

    def _held(self, version: str, replace_taxonomy: bool, force: bool) -> tuple[Verdict, GateSet]:
        try:
            return self.examination(version, replace_taxonomy=replace_taxonomy).verdict()
        except PaidanError as error:
            if not force:
                raise
            return Verdict(0, (f"the gate could not be held: {error}",)), GateSet()

    def _lies_here(self, version: str) -> bool:
        return (self.folder(version) / "manifest.json").is_file()

    def _frozen_file(self, digest: str) -> Path:
        return self.workspace.models / "gate" / f"frozen-{digest[:16]}.jsonl"

    def _corrected_tags(self) -> list[str | None]:
        """The tags that readers gave; none when there is no ledger yet."""
        url = self.workspace.ledger_url
        if url.startswith("sqlite:") and not Path(url.removeprefix("sqlite:///")).is_file():
            return []
        try:
            ledger = Ledger.open(url)
        except LedgerError:
            return []
        try:
            return [row["tag"] for row in ledger.corrections()]
        finally:
            ledger.close()


def versions(workspace: Workspace) -> Versions:
    return Versions(workspace, Registry(workspace))

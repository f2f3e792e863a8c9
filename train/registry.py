"""The MLflow registry: versions, and the aliases `challenger` and `champion`.

The truth about who serves is `models/champion.json`; the alias follows it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paidan.champion import REGISTERED, Champion, read_champion, read_history
from paidan.errors import RegistryError
from paidan.workspace import Workspace
from train.store import be_impatient, first_line, mlflow_error, quiet, refusing_outage, shown

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CHALLENGER, CHAMPION = "challenger", "champion"
_VARIABLE = "MLFLOW_TRACKING_URI"


@dataclass(frozen=True)
class Registry:
    workspace: Workspace

    @property
    def name(self) -> str:
        return self.workspace.settings.registered_model

    @property
    def embedded(self) -> Path:
        return self.workspace.models / "registry"

    @property
    def uri(self) -> str:
        chosen = self.workspace.settings.tracking_uri or os.environ.get(_VARIABLE)
        return chosen or f"sqlite:///{(self.embedded / 'mlflow.db').resolve()}"

    @property
    def shown(self) -> str:
        return shown(self.uri)

    def client(self) -> MlflowClient:
        """A client of the store. Prepares the embedded one; a dead server fails within seconds, not minutes."""
        be_impatient()
        mlflow_error()
        import mlflow

        self.embedded.mkdir(parents=True, exist_ok=True)
        chosen = os.environ.get(_VARIABLE)
        uri = self.uri
        with quiet():
            mlflow.set_tracking_uri(uri)
            # MLflow writes the variable too, which would name this workspace's store to every other workspace.
            if chosen is None:
                os.environ.pop(_VARIABLE, None)
            else:
                os.environ[_VARIABLE] = chosen
            return mlflow.MlflowClient(uri, uri)

    def resolve(self, ref: str) -> str:
        """The version that `champion`, `challenger` or a number means."""
        if ref == CHAMPION:
            champion = read_champion(self.workspace.models)
            if champion is None:
                raise RegistryError("there is no champion yet. `paidan train`, then `paidan promote`")
            return champion.version
        try:
            return self._found(ref)
        except _Outage as error:
            raise RegistryError(f"{error}.{self._known_here()}") from None

    def champion(self) -> str:
        """The version that the registry's alias names: what `pull` follows."""
        return self._found(CHAMPION)

    def _found(self, ref: str) -> str:
        try:
            with refusing_outage(self.uri):
                client = self.client()
                try:
                    with quiet():
                        found = (
                            client.get_model_version(self.name, ref)
                            if ref.isdigit()
                            else client.get_model_version_by_alias(self.name, ref)
                        )
                except mlflow_error() as error:
                    if getattr(error, "error_code", "") not in _ABSENT:
                        raise
                    raise RegistryError(
                        f"the registry has no '{ref}' of {self.name}: {first_line(error)}. `paidan history` lists versions"
                    ) from None
        except RegistryError as error:
            raise error if error.__cause__ is None else _Outage(str(error)) from error.__cause__
        return str(found.version)

    def fetch(self, version: str, target: Path) -> Path:
        """Copy the bundle of a version out of the registry into `target`, which appears whole or not at all."""
        with refusing_outage(self.uri), quiet(), tempfile.TemporaryDirectory() as scratch:
            self.client()
            import mlflow

            try:
                uri = f"models:/{self.name}/{version}/artifacts/bundle"
                path = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=scratch)
            except mlflow_error() as error:
                raise RegistryError(
                    f"cannot fetch {self.name}/{version} from {self.shown}: {first_line(error)}"
                ) from None
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(target.name + ".part")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(Path(path), partial)
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
        return target

    def point(self, alias: str, version: str) -> None:
        with refusing_outage(self.uri):
            client = self.client()
            with quiet():
                client.set_registered_model_alias(self.name, alias, version)
        if alias == CHAMPION:
            self._owed.unlink(missing_ok=True)

    def follow(self, champion: Champion) -> list[str]:
        """Let the alias follow the pointer. A store that is away undoes nothing: what to tell then."""
        if self.uri.startswith("sqlite:") and not (self.embedded / "mlflow.db").is_file():
            return []  # this machine's versions came by hand; there is no registry to tell
        try:
            self.point(CHAMPION, champion.version)
        except RegistryError as error:
            self._owed.write_text(champion.version, encoding="utf-8")
            return [
                f"{error}. The alias {CHAMPION} follows at the next `paidan train`, `promote`, `rollback` or `pull`"
            ]
        return []

    def catch_up(self) -> None:
        """Let the alias follow where it could not before; stays owed while the store is away."""
        if not self._owed.is_file():
            return
        champion = read_champion(self.workspace.models)
        if champion is not None:
            self.point(CHAMPION, champion.version)

    @property
    def _owed(self) -> Path:
        return self.workspace.models / "alias.owed"

    def _known_here(self) -> str:
        """What a person can do while the store is away."""
        lines = [line for line in read_history(self.workspace.models) if line["event"] == REGISTERED]
        there = [line["version"] for line in lines if (self.workspace.models / line["version"]).is_dir()]
        return f" Registered from here last: {there[-1]}; name it instead of an alias" if there else ""


class _Outage(RegistryError):
    """The store is away, as opposed to having no such version."""


_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")

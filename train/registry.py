"""The MLflow registry: versions, their evidence and the aliases `challenger` and `champion`.

The truth about who serves is `models/champion.json`; the alias follows it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paidan
from paidan.bundle import Bundle
from paidan.champion import read_champion, writer
from paidan.errors import RegistryError
from paidan.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow.tracking import MlflowClient

CHALLENGER, CHAMPION = "challenger", "champion"
REQUIREMENTS = ("numpy", "rjieba", "OpenCC", "PyYAML", "tzdata", "pandas", "mlflow")
SPARE = ("ledger", "commands", "report", "defaults", "__pycache__", "main.py")


@dataclass(frozen=True)
class Evidence:
    """What a version is registered with: parameters, metrics, tags and a folder of files."""

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    files: Path


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
        chosen = self.workspace.settings.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
        return chosen or f"sqlite:///{(self.embedded / 'mlflow.db').resolve()}"

    def client(self) -> MlflowClient:
        """A client of the store. Prepares the embedded one; a dead server fails within seconds, not minutes."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
        import mlflow

        self.embedded.mkdir(parents=True, exist_ok=True)
        with _quiet():
            mlflow.set_tracking_uri(self.uri)
            return mlflow.MlflowClient(self.uri, self.uri)

    def register(self, bundle: Bundle, evidence: Evidence) -> str:
        """Log a run with everything that made the version, register it, alias it `challenger`. Returns the version."""
        import mlflow

        client = self.client()
        with writer(self.embedded), _refusing_outage(self.uri), _quiet():
            version = self._next(client)
            named = replace(bundle, identity={**bundle.identity, "name": self.name, "version": version})
            experiment = self._experiment(client)
            with (
                tempfile.TemporaryDirectory() as scratch,
                mlflow.start_run(experiment_id=experiment, run_name=f"{self.name}-{version}"),
            ):
                folder = Path(scratch)
                named.save(folder / "bundle")
                mlflow.log_params({key: str(value)[:500] for key, value in evidence.params.items()})
                mlflow.log_metrics(dict(evidence.metrics))
                mlflow.set_tags(dict(evidence.tags))
                mlflow.log_artifacts(str(evidence.files))
                info = mlflow.pyfunc.log_model(
                    name="model",
                    python_model=str(Path(__file__).with_name("model.py")),
                    code_paths=[str(_code(folder))],
                    artifacts={"bundle": str(folder / "bundle"), "workspace": str(self._rules(folder))},
                    pip_requirements=_requirements(),
                    registered_model_name=self.name,
                )
            if str(info.registered_model_version) != version:
                raise RegistryError(
                    f"another training registered {self.name}/{version} at the same moment; "
                    f"version {info.registered_model_version} answers under that name. Train again"
                )
            client.set_registered_model_alias(self.name, CHALLENGER, version)
        return version

    def resolve(self, ref: str) -> str:
        """The version that `champion`, `challenger` or a number means."""
        if ref == CHAMPION:
            champion = read_champion(self.workspace.models)
            if champion is None:
                raise RegistryError("there is no champion yet. `paidan train`, then `paidan promote`")
            return champion.version
        with _refusing_outage(self.uri):
            client = self.client()
            try:
                found = (
                    client.get_model_version_by_alias(self.name, ref)
                    if not ref.isdigit()
                    else client.get_model_version(self.name, ref)
                )
            except _mlflow_error() as error:
                raise RegistryError(
                    f"the registry has no '{ref}' of {self.name}: {_first_line(error)}. `paidan history` lists versions"
                ) from None
        return str(found.version)

    def fetch(self, version: str, target: Path) -> Path:
        """Copy the bundle of a version out of the registry into `target`."""
        import mlflow

        with _refusing_outage(self.uri), _quiet(), tempfile.TemporaryDirectory() as scratch:
            self.client()
            try:
                path = mlflow.artifacts.download_artifacts(
                    artifact_uri=f"models:/{self.name}/{version}", dst_path=scratch
                )
            except _mlflow_error() as error:
                raise RegistryError(f"cannot fetch {self.name}/{version}: {_first_line(error)}") from None
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(target.name + ".part")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(Path(path) / "artifacts" / "bundle", partial)
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
        return target

    def point(self, alias: str, version: str) -> None:
        with _refusing_outage(self.uri), _quiet():
            self.client().set_registered_model_alias(self.name, alias, version)

    def _next(self, client: MlflowClient) -> str:
        versions = [int(found.version) for found in client.search_model_versions(f"name='{self.name}'")]
        return str(max(versions, default=0) + 1)

    def _experiment(self, client: MlflowClient) -> str:
        found = client.get_experiment_by_name(self.name)
        if found is not None:
            return str(found.experiment_id)
        remote = not self.uri.startswith("sqlite:")
        location = None if remote else (self.embedded / "artifacts").resolve().as_uri()
        return str(client.create_experiment(self.name, artifact_location=location))

    def _rules(self, folder: Path) -> Path:
        """What of the workspace an answer depends on, beside the bundle."""
        rules = folder / "workspace"
        rules.mkdir()
        for name in ("routing.yaml", "holidays.yaml"):
            shutil.copy(self.workspace.datasets / name, rules / name)
        settings = self.workspace.settings
        chosen = {"precision": settings.precision, "candidate_coverage": settings.candidate_coverage}
        (rules / "settings.json").write_text(json.dumps(chosen), encoding="utf-8")
        return rules


def _code(folder: Path) -> Path:
    """Paidan's own code, without what answering does not need."""
    target = folder / "code" / "paidan"
    shutil.copytree(Path(paidan.__file__).parent, target, ignore=shutil.ignore_patterns(*SPARE))
    return target


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in REQUIREMENTS]


def _mlflow_error() -> type[Exception]:
    from mlflow.exceptions import MlflowException

    return MlflowException


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__


@contextmanager
def _refusing_outage(uri: str) -> Iterator[None]:
    try:
        yield
    except RegistryError:
        raise
    except (_mlflow_error(), ConnectionError, OSError) as error:
        raise RegistryError(
            f"the MLflow store {uri} failed: {_first_line(error)}. Nothing was promoted; servers go on"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow and Alembic say on stderr what is no news here; errors are raised and reach the user all the same."""
    import logging
    import warnings

    names = ("mlflow", "alembic", "mlflow.store.db.utils", "mlflow.utils.environment")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


__all__ = ["CHALLENGER", "CHAMPION", "Evidence", "Registry"]

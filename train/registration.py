"""From a staged version to one in the registry: evidence first, artifacts next, the name last."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

import paidan
from paidan.bundle import MANIFEST
from paidan.champion import REGISTERED, note, writer
from paidan.errors import RegistryError
from paidan.person import person
from train.registry import CHALLENGER, Registry
from train.staging import Stage
from train.store import mlflow_error, quiet, refusing_outage

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

REQUIREMENTS = ("numpy", "rjieba", "OpenCC", "PyYAML", "tzdata", "pandas", "mlflow")
SPARE = ("ledger", "commands", "report", "defaults", "__pycache__", "main.py")
DIGEST_MOST = 36


@dataclass(frozen=True)
class Registration:
    """Brings one stage into one registry. Interrupted anywhere, it can be run again."""

    registry: Registry
    stage: Stage

    def run(self) -> str:
        """Log, upload, register, alias `challenger`, keep the bundle here, note it in the history.

        Returns:
            The version.

        Raises:
            RegistryError: the store is away; the stage stays and says how to go on.
        """
        registry, models = self.registry, self.registry.workspace.models
        with self._kept():
            client = registry.client()
            with writer(registry.embedded), refusing_outage(registry.uri), quiet():
                version = self._register(client)
            registry.point(CHALLENGER, version)
            registry.catch_up()
        digest = self.stage.settle(models, version)
        figures = dict(self.stage.evidence.figures)
        note(models, REGISTERED, version, digest, by=person(), figures=figures, run=self.stage.run)
        return version

    def _register(self, client: MlflowClient) -> str:
        registry = self.registry
        run = self.stage.run or client.create_run(self._experiment(client)).info.run_id
        object.__setattr__(self, "stage", self.stage.begun(run))
        there = client.search_model_versions(f"run_id='{run}'")
        if there:
            version = str(there[0].version)
            self.stage.name(registry.name, version)
            return version
        expected = self._next(client)
        self.stage.name(registry.name, expected)
        self._evidence(client, run, expected)
        model = self._upload(run)
        self._name(client)
        found = client.create_model_version(registry.name, f"models:/{model}", run, model_id=model)
        version = str(found.version)
        if version != expected:
            # Another training took the number meanwhile: the bundle is told its true one.
            self.stage.name(registry.name, version)
            client.log_model_artifact(model, str(self.stage.bundle / MANIFEST), "artifacts/bundle")
        client.set_tag(run, "mlflow.runName", f"{registry.name}-{version}")
        client.set_terminated(run)
        return version

    def _evidence(self, client: MlflowClient, run: str, version: str) -> None:
        from mlflow.entities import Metric, Param, RunTag

        evidence = self.stage.evidence
        client.set_tag(run, "mlflow.runName", f"{self.registry.name}-{version}")
        params = [Param(key, str(value)[:500]) for key, value in evidence.params.items()]
        tags = [RunTag(key, str(value)[:5000]) for key, value in evidence.tags.items()]
        metrics = [Metric(key, float(value), 0, 0) for key, value in evidence.metrics.items()]
        client.log_batch(run, params=params[:100], tags=tags[:100])
        for start in range(0, len(metrics), 900):
            client.log_batch(run, metrics=metrics[start : start + 900])
        self._inputs(client, run)
        client.log_artifacts(run, str(self.stage.files))

    def _inputs(self, client: MlflowClient, run: str) -> None:
        """What was learned from, as MLflow datasets: names, digests and counts, never a text."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        datasets = [
            DatasetInput(
                Dataset(
                    name=one["name"],
                    digest=one["digest"][:DIGEST_MOST],
                    source_type="paidan",
                    source=json.dumps({"kind": one["kind"]}, ensure_ascii=False),
                    profile=json.dumps({"rows": one["rows"]}),
                ),
                [InputTag("mlflow.data.context", one["context"])],
            )
            for one in self.stage.evidence.inputs
        ]
        if datasets:
            client.log_inputs(run, datasets)

    def _upload(self, run: str) -> str:
        """Log the pyfunc model of the run; MLflow stages it locally before it uploads. Returns the model's id."""
        import mlflow
        from mlflow.models import Model

        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            # Not `pyfunc.log_model`, which needs an active run and ends it over the network when anything fails.
            info = Model.log(
                artifact_path=None,
                flavor=mlflow.pyfunc,
                run_id=run,
                name="model",
                python_model=str(Path(__file__).with_name("model.py")),
                code_paths=[str(_code(folder))],
                artifacts={"bundle": str(self.stage.bundle), "workspace": str(self._rules(folder))},
                pip_requirements=[f"{name}=={installed(name)}" for name in REQUIREMENTS],
            )
        return str(info.model_id)

    def _rules(self, folder: Path) -> Path:
        """What of the workspace an answer depends on, beside the bundle."""
        rules, workspace = folder / "workspace", self.registry.workspace
        rules.mkdir()
        for name in ("routing.yaml", "holidays.yaml"):
            shutil.copy(workspace.datasets / name, rules / name)
        settings = workspace.settings
        chosen = {"precision": settings.precision, "candidate_coverage": settings.candidate_coverage}
        (rules / "settings.json").write_text(json.dumps(chosen), encoding="utf-8")
        return rules

    def _next(self, client: MlflowClient) -> str:
        versions = [int(found.version) for found in client.search_model_versions(f"name='{self.registry.name}'")]
        return str(max(versions, default=0) + 1)

    def _name(self, client: MlflowClient) -> None:
        try:
            client.create_registered_model(self.registry.name)
        except mlflow_error() as error:
            if getattr(error, "error_code", "") != "RESOURCE_ALREADY_EXISTS":
                raise

    def _experiment(self, client: MlflowClient) -> str:
        registry = self.registry
        found = client.get_experiment_by_name(registry.name)
        if found is not None:
            return str(found.experiment_id)
        remote = not registry.uri.startswith("sqlite:")
        location = None if remote else (registry.embedded / "artifacts").resolve().as_uri()
        return str(client.create_experiment(registry.name, artifact_location=location))

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except RegistryError as error:
            raise RegistryError(
                f"{error}. Nothing was promoted and servers go on. The trained model is kept in {self.stage.folder}: "
                "`paidan train --resume` registers it without training again"
            ) from error


def _code(folder: Path) -> Path:
    """Paidan's own code, without what answering does not need."""
    target = folder / "code" / "paidan"
    shutil.copytree(Path(paidan.__file__).parent, target, ignore=shutil.ignore_patterns(*SPARE))
    return target

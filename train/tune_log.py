"""Every trial of a tuning as a run in MLflow; a store that is away is told once and stops nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paidan.errors import RegistryError
from train.registry import Registry
from train.store import mlflow_error, quiet, refusing_outage

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass
class TuneLog:
    """Writes trials into the experiment `<model>-tune`.

    Attributes:
        trouble: why nothing is written any more; None while all is.
    """

    registry: Registry
    study: str
    trouble: str | None = None
    _experiment: str | None = None

    def write(self, trial: FrozenTrial, figures: dict[str, float]) -> None:
        if self.trouble is not None:
            return
        try:
            with refusing_outage(self.registry.uri), quiet():
                self._write(trial, figures)
        except (RegistryError, mlflow_error()) as error:
            self.trouble = str(error)

    def _write(self, trial: FrozenTrial, figures: dict[str, float]) -> None:
        from mlflow.entities import Metric, Param, RunTag

        client: Any = self.registry.client()
        if self._experiment is None:
            name = f"{self.registry.name}-tune"
            known = client.get_experiment_by_name(name)
            self._experiment = str(known.experiment_id if known else client.create_experiment(name))
        run = client.create_run(self._experiment, run_name=f"trial-{trial.number}").info.run_id
        client.log_batch(
            run,
            metrics=[Metric(key, value, 0, 0) for key, value in figures.items()],
            params=[Param(key, str(value)) for key, value in trial.params.items()],
            tags=[RunTag("study", self.study), RunTag("state", trial.state.name.lower())],
        )
        client.set_terminated(run)

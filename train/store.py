"""Calls to MLflow: short retries, quiet, and an outage told in one sentence."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from paidan.errors import RegistryError

# A dead server fails within seconds; MLflow's own defaults retry in silence for four minutes.
PATIENCE = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "300",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_LOGGERS = ("mlflow", "alembic", "mlflow.store.db.utils", "mlflow.utils.environment", "urllib3.connectionpool")
_SECRET = re.compile(r"//[^/@\s]+@")


def be_impatient() -> None:
    """Set MLflow's limits where the user set none; before its first import."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)


def shown(uri: str) -> str:
    """A store's address as it may be shown: never a password."""
    return _SECRET.sub("//…@", uri)


def mlflow_error() -> type[Exception]:
    try:
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        raise RegistryError(f"the registry needs {error.name}, which is not installed. Install paidan[train]") from None
    return MlflowException


def first_line(error: BaseException) -> str:
    """An error's own words, short, without addresses' passwords."""
    text = str(error).strip()
    return shown(text.splitlines()[0][:300]) if text else type(error).__name__


@contextmanager
def refusing_outage(uri: str) -> Iterator[None]:
    """Raise RegistryError for whatever MLflow, its database or the network raises."""
    try:
        yield
    except RegistryError:
        raise
    except (mlflow_error(), ConnectionError, OSError) as error:
        raise RegistryError(f"the MLflow store {shown(uri)} failed: {first_line(error)}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """MLflow and Alembic say what is no news here, even on stdout, where `--json` goes; errors are raised all the same."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

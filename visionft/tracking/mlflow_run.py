"""A run in MLflow: a local database, or a server.

Shape suffixes: H height, W width, 3 colours (RGB).
"""

import logging
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from visionft.tracking.base import TrackedRun, Tracker, TrackerOptions, flatten

_ENVIRONMENT = {  # what MLflow does when nobody has said otherwise
    "MLFLOW_DISABLE_TELEMETRY": "true",  # it would report its use to its makers
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # a server that is gone would hold training up for minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}
_LONGEST = 6000  # characters of a parameter
_AT_ONCE = 100  # parameters in one request
_MOST = 1000  # metrics in one request
_APART = 10.0  # seconds between requests within an epoch


@dataclass(frozen=True, kw_only=True)
class MlflowOptions(TrackerOptions):
    """What a recipe may say of MLflow; what to log in with is left to MLflow's environment variables."""

    uri: str | None = None
    """The store, such as http://server:5000 or sqlite:///runs/mlflow.db; none takes MLFLOW_TRACKING_URI, else
    MLflow's own default, mlflow.db in the working folder."""
    experiment: str | None = None
    """The experiment; none takes MLFLOW_EXPERIMENT_NAME, else the recipe's name."""

    def mistakes(self) -> Mapping[str, str]:
        """Return what is wrong with the address."""
        if self.uri is None or urlsplit(self.uri).password is None:
            return {}
        return {
            "uri": "holds a password, which would be written into the run folder; take it out and set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or the whole address as MLFLOW_TRACKING_URI"
        }


class MlflowTracker(Tracker):
    """Keeps metrics by step, the recipe as parameters, pictures and the report as artifacts."""

    kind: ClassVar[str] = "mlflow"
    options: ClassVar[type[TrackerOptions]] = MlflowOptions
    packages: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"mlflow": "mlflow-skinny", "sqlalchemy": "sqlalchemy", "alembic": "alembic"}
    )

    def __init__(self, run: TrackedRun, options: MlflowOptions) -> None:
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        # it tells of every table that it makes, and prints what it raises, too
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
        from mlflow import MlflowClient, entities

        self._entities = entities
        self._client = MlflowClient(tracking_uri=run.identity.get("store", options.uri))
        self._experiment = options.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME", run.project)
        self._rows: list[tuple[str, float, int, int]] = []  # name, value, time, step
        self._asked_at = time.monotonic()
        self._known: dict[str, int] = {}  # last step of each metric that an interrupted run has logged
        if run.identity:
            self._id = run.identity["run"]
            self._client.update_run(self._id, status="RUNNING")
        else:
            self._begin(run)

    def _begin(self, run: TrackedRun) -> None:
        client = self._client
        known = client.get_experiment_by_name(self._experiment)
        experiment = known.experiment_id if known else client.create_experiment(self._experiment)
        self._id = client.create_run(experiment, run_name=run.folder.name).info.run_id
        parameters = [
            self._entities.Param(_allowed(name), str(value)[:_LONGEST]) for name, value in flatten(run.config).items()
        ]
        for start in range(0, len(parameters), _AT_ONCE):
            client.log_batch(self._id, params=parameters[start : start + _AT_ONCE])

    @property
    def identity(self) -> Mapping[str, str]:
        """The run's id, and where a local store is."""
        kind, _, path = self._client.tracking_uri.partition(":///")
        store = {"store": f"{kind}:///{Path(path).resolve()}"} if kind == "sqlite" else {}
        return {"run": self._id, **store}

    @property
    def place(self) -> str:
        """Experiment and run."""
        return f"MLflow, experiment {self._experiment}"

    def rewind(self, step: int) -> None:
        """Look up what is there already, which would otherwise be there twice."""
        for name in self._client.get_run(self._id).data.metrics:
            self._known[name] = max(point.step for point in self._client.get_metric_history(self._id, name))

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep values until an epoch ends or some seconds have passed: a request takes longer than a small step."""
        now = time.time_ns() // 1_000_000
        for name, value in values.items():
            if step > self._known.get(_allowed(name), -1):
                self._rows.append((_allowed(name), value, now, step))
        if "epoch" in values or time.monotonic() - self._asked_at >= _APART:
            self._send()

    def _send(self) -> None:
        for start in range(0, len(self._rows), _MOST):
            metrics = [self._entities.Metric(*row) for row in self._rows[start : start + _MOST]]
            self._client.log_batch(self._id, metrics=metrics)
        self._rows.clear()
        self._asked_at = time.monotonic()

    def image(self, name: str, picture_HW3: NDArray[np.uint8], step: int) -> None:
        """Keep a picture among the artifacts."""
        self._client.log_image(self._id, picture_HW3, f"{name}.png")

    def artifact(self, path: Path) -> None:
        """Keep a file among the artifacts."""
        self._client.log_artifact(self._id, str(path))

    def close(self, *, finished: bool) -> None:
        """Send what is left, and say how the run ended."""
        self._send()
        self._client.set_terminated(self._id, "FINISHED" if finished else "KILLED")


def _allowed(name: str) -> str:
    """Return a name without the characters that MLflow refuses."""
    return re.sub(r"[^\w\-. /:]", "_", name)

"""A run in trackio: a local database, or a server.

Shape suffixes: H height, W width, 3 colours (RGB).
"""

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from visionft.tracking.base import TrackedRun, Tracker, TrackerOptions


@dataclass(frozen=True, kw_only=True)
class TrackioOptions(TrackerOptions):
    """What a recipe may say of trackio.

    TRACKIO_DIR, TRACKIO_SPACE_ID and TRACKIO_SERVER_URL say where else than in its local database a run is kept.
    """

    project: str | None = None
    """The project; none takes the recipe's name."""


class TrackioTracker(Tracker):
    """Keeps metrics by step, the recipe as config, pictures as media and the report as an artifact."""

    kind: ClassVar[str] = "trackio"
    options: ClassVar[type[TrackerOptions]] = TrackioOptions
    packages: ClassVar[Mapping[str, str]] = MappingProxyType({"trackio": "trackio"})

    def __init__(self, run: TrackedRun, options: TrackioOptions) -> None:
        import trackio

        self._trackio = trackio
        self._project = options.project or run.project
        # runs are found again by name, and run folders in other places may be called the same
        self._name = run.identity.get("run") or f"{run.folder.name}-{uuid4().hex[:6]}"
        self._known: dict[str, int] = {}  # last step of each value that an interrupted run has logged
        with redirect_stdout(io.StringIO()):  # where results go
            self._run = trackio.init(
                project=self._project, name=self._name, config=dict(run.config), resume="allow", embed=False
            )

    @property
    def identity(self) -> Mapping[str, str]:
        """The run's name."""
        return {"run": self._name}

    @property
    def place(self) -> str:
        """How to look at it."""
        return f"trackio show --project {self._project}"

    def rewind(self, step: int) -> None:
        """Look up what the local database has already, which would otherwise be there twice."""
        from trackio.sqlite_storage import SQLiteStorage

        for row in SQLiteStorage.get_logs(self._project, self._name, run_id=self._run.id):
            for name in row:
                self._known[name] = max(self._known.get(name, -1), row["step"])

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep the values that are not there yet."""
        new = {name: value for name, value in values.items() if step > self._known.get(name, -1)}
        if new:
            self._run.log(new, step=step)

    def image(self, name: str, picture_HW3: NDArray[np.uint8], step: int) -> None:
        """Keep a picture."""
        self._run.log({name: self._trackio.Image(picture_HW3)}, step=step)

    def artifact(self, path: Path) -> None:
        """Keep a file."""
        with redirect_stdout(io.StringIO()):
            self._run.log_artifact(path, name=f"{self._name}-{path.stem}", type="report")

    def close(self, *, finished: bool) -> None:
        """Write what is left."""
        with redirect_stdout(io.StringIO()):
            self._trackio.finish()

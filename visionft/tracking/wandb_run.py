"""A run in Weights & Biases: files to be synchronised later, or its service.

Shape suffixes: H height, W width, 3 colours (RGB).
"""

import os
import shutil
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from visionft.tracking.base import TrackedRun, Tracker, TrackerOptions


@dataclass(frozen=True, kw_only=True)
class WandbOptions(TrackerOptions):
    """What a recipe may say of W&B; the key is left to WANDB_API_KEY or wandb login."""

    project: str | None = None
    """The project; none takes WANDB_PROJECT, else the recipe's name."""
    entity: str | None = None
    """The user or team; none takes WANDB_ENTITY, else the account's own."""
    mode: Literal["offline", "online"] | None = None
    """offline writes into the run folder, for wandb sync; none takes WANDB_MODE, else offline."""


class WandbTracker(Tracker):
    """Keeps metrics by step, the recipe as config, pictures as media and the report as a file."""

    kind: ClassVar[str] = "wandb"
    options: ClassVar[type[TrackerOptions]] = WandbOptions
    packages: ClassVar[Mapping[str, str]] = MappingProxyType({"wandb": "wandb"})

    def __init__(self, run: TrackedRun, options: WandbOptions) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # its crashes would be reported to its makers
        import wandb

        self._wandb = wandb
        mode = options.mode or os.environ.get("WANDB_MODE", "offline")
        self._run = wandb.init(
            project=options.project or os.environ.get("WANDB_PROJECT", run.project),
            entity=options.entity,
            name=run.folder.name,
            config=dict(run.config),
            dir=os.environ.get("WANDB_DIR", str(run.folder)),
            id=run.identity.get("run"),
            resume="allow",
            # the progress on the terminal is ours, and another run of the program's goes on beside this one
            settings=wandb.Settings(mode=mode, silent=True, console="off", reinit="create_new"),
        )
        self._folder = Path(self._run.dir).parents[1]
        # handing a step to its process takes a millisecond or two, which training would wait for
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="wandb-writer")
        self._written: deque[Future[object]] = deque()

    @property
    def identity(self) -> Mapping[str, str]:
        """The run's id."""
        return {"run": self._run.id}

    @property
    def place(self) -> str:
        """The address, or the command that brings the files there."""
        return f"wandb sync {self._folder}/offline-run-*" if self._run.offline else str(self._run.url)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Keep values; steps that the service has already are left out."""
        self._write(partial(self._log, dict(values), step))

    def _log(self, values: dict[str, float], step: int) -> None:
        if step >= self._run.step:
            self._run.log(values, step=step)

    def image(self, name: str, picture_HW3: NDArray[np.uint8], step: int) -> None:
        """Keep a picture."""
        self._write(lambda: self._run.log({name: self._wandb.Image(picture_HW3)}, step=step))

    def artifact(self, path: Path) -> None:
        """Keep a file among the run's files."""
        copied = shutil.copy(path, self._run.dir)  # a file elsewhere would be linked to, with a warning
        self._write(lambda: self._run.save(copied, base_path=self._run.dir, policy="now"))

    def _write(self, action: Callable[[], object]) -> None:
        """Do something in a thread, after what was to be done before, and tell of what has failed there."""
        self._require_written(wait=False)
        self._written.append(self._writer.submit(action))

    def _require_written(self, *, wait: bool) -> None:
        while self._written and (wait or self._written[0].done()):
            self._written.popleft().result()

    def close(self, *, finished: bool) -> None:
        """Write what is left, and say how the run ended."""
        try:
            self._require_written(wait=True)
        finally:
            self._writer.shutdown()
            self._run.finish(exit_code=0 if finished else 1)

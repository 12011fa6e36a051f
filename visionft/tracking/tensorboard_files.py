"""A run as TensorBoard's event files.

Shape suffixes: H height, W width, 3 colours (RGB).
"""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.tracking.base import TrackedRun, Tracker, TrackerOptions, flatten

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"
_FLUSH_SECONDS = 10


class TensorBoardTracker(Tracker):
    """Writes into the folder ``tensorboard`` of the run: ``tensorboard --logdir runs`` shows all runs."""

    kind: ClassVar[str] = "tensorboard"
    packages: ClassVar[Mapping[str, str]] = MappingProxyType({"tensorboard": "tensorboard"})

    def __init__(self, run: TrackedRun, _options: TrackerOptions) -> None:
        self._folder = run.folder / FOLDER
        self._run = run
        self._first_step: int | None = None  # that replaces what an interrupted run has logged
        self._is_new = not self._folder.is_dir()
        self._folder.mkdir(exist_ok=True)

    @property
    def place(self) -> str:
        """How to look at it."""
        return f"tensorboard --logdir {self._folder}"

    @cached_property
    def _writer(self) -> "SummaryWriter":
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams

        writer = SummaryWriter(str(self._folder), purge_step=self._first_step, flush_secs=_FLUSH_SECONDS)
        if self._is_new:
            parameters = flatten(self._run.config)
            for summary in hparams(parameters, {}):  # type: ignore[no-untyped-call]  # torch has no types for it
                writer._get_file_writer().add_summary(summary)  # type: ignore[no-untyped-call]  # nor for this
            rows = "".join(f"| {name} | `{value}` |\n" for name, value in parameters.items())
            writer.add_text("recipe", f"| key | value |\n|---|---|\n{rows}")
        return writer

    def rewind(self, step: int) -> None:
        """Let TensorBoard leave out what was logged of later steps."""
        if not self._is_new:
            self._first_step = step + 1

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Write a scalar for each value."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def image(self, name: str, picture_HW3: NDArray[np.uint8], step: int) -> None:
        """Write a picture."""
        self._writer.add_image(name, picture_HW3, step, dataformats="HWC")

    def close(self, *, finished: bool) -> None:
        """Write what is left."""
        self._writer.close()

"""What the gate asks of whatever writes exported files.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from visionft.export.parity import Limits
from visionft.predict.engine import EXPORTED
from visionft.spec import ModelSpec
from visionft.tasks.learner import Learner


class Writer(ABC):
    """One runtime's files.

    Attributes:
        kind: name in the catalog.
        suffix: what its files end in, with the dot; the engine of that ending opens them.
        variant: what tells its files from others of that ending, such as ``int8``; empty for the usual one, in float32.
    """

    kind: ClassVar[str]
    suffix: ClassVar[str]
    variant: ClassVar[str] = ""

    @property
    def file_name(self) -> str:
        """What its file is called in a run folder."""
        return f"{EXPORTED}{f'-{self.variant}' if self.variant else ''}{self.suffix}"

    @abstractmethod
    def write(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,
    ) -> None:
        """Write the file.

        Args:
            network: in eval mode, on the CPU, in contiguous float32; gives the outputs of the task's definition.
            spec: what the network is; goes into the file, from which the engine reads it.
            path: where to; its name has another ending for the moment.
            calibration: canvases_BHW3, for writers that choose the ranges of smaller numbers by them.

        Raises:
            ExportError: the network cannot be converted; the message is the reason, without the path.
        """

    def try_out(self, network: nn.Module, spec: ModelSpec) -> None:  # noqa: B027  a writer need not know beforehand
        """Find out before training whether ``write`` will be able to convert the network, in seconds.

        Args:
            network: as of ``write``, with any weights; may be changed.
            spec: of the input and the task; the rest is not known yet.

        Raises:
            ExportError: it will not; the message is the reason.
        """

    def limits(self, task: Learner) -> Limits:
        """Return how far its files may be from the network, where the recipe says nothing: as far as the task says."""
        return Limits(task.min_agreement, task.max_difference)

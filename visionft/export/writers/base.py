"""What the gate asks of whatever writes exported files.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from visionft.errors import RecipeError
from visionft.export.parity import Limits
from visionft.predict.engine import EXPORTED
from visionft.spec import ModelSpec
from visionft.tasks.learner import Learner


@dataclass(frozen=True, slots=True)
class Attempt:
    """A file that has been written and is to be measured.

    Attributes:
        remark: what is particular about it, in a few words for people.
        baseline: a file in float32 than which it has to be faster, if any; there until the next attempt.
    """

    remark: str = ""
    baseline: Path | None = None


@dataclass(frozen=True)
class GraphForm:
    """What a graph has to look like for compilers of devices that take no other.

    Attributes:
        opset: version of ONNX's operators.
        batch: images that it takes at once; None takes any number.
        floats: images come as float32 RGB from 0 to 255, channels first, and not as bytes with channels last.
    """

    opset: int = 18
    batch: int | None = None
    floats: bool = False

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            RecipeError: for operators that networks cannot be made of, or no image at all.
        """
        if not 13 <= self.opset <= 20:
            raise RecipeError(f"opset: {self.opset}; 13 to 20 are written")
        if self.batch is not None and self.batch < 1:
            raise RecipeError(f"batch: {self.batch}; at least one image, or none for any number")

    @property
    def title(self) -> str:
        """What tells its file from that of the usual form; empty for that."""
        parts = [f"opset{self.opset}"] if self.opset != GraphForm.opset else []
        parts += [f"batch{self.batch}"] if self.batch is not None else []
        return "-".join([*parts, "floats"] if self.floats else parts)


class Writer(ABC):
    """One runtime's files.

    Attributes:
        kind: name in the catalog.
        suffix: what its files end in, with the dot; the engine of that ending opens them.
        variant: what tells its files from others of that ending, such as ``int8``; empty for the usual one, in float32.
        takes_form: whether it is made with a ``GraphForm``.
    """

    kind: ClassVar[str]
    suffix: ClassVar[str]
    variant: ClassVar[str] = ""
    takes_form: ClassVar[bool] = False

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

    def attempts(
        self,
        network: nn.Module,
        spec: ModelSpec,
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None = None,
    ) -> Iterator[Attempt]:
        """Write the file; and once more, closer to the network, each time that it was not close enough.

        Arguments and errors as of ``write``.

        Yields:
            What was written.
        """
        self.write(network, spec, path, calibration)
        yield Attempt()

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


def fp16_limits(task: Learner) -> Limits:
    """Return how far files may be from the network whose numbers have 16 bits, of which 11 count."""
    return Limits(min(task.min_agreement, 0.95), max(task.max_difference, 0.05))


def int8_limits(task: Learner) -> Limits:
    """Return how far files of 8 bits may be: half a point of the score; single answers differ, near ties most."""
    return Limits(min_agreement=0.0, max_difference=max(1.0, task.max_difference), max_score_change=0.005)

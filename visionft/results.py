"""What a network, or the file that it was exported to, says about canvases.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Results: TypeAlias = Mapping[str, NDArray[Any]]
"""Arrays by the names of a task's outputs, the batch on axis 0; those that follow from others are left out."""

CanvasRunner: TypeAlias = Callable[[NDArray[np.uint8]], Results]
"""canvases_BHW3, uint8 RGB -> results: a network, or an exported file."""


@dataclass(frozen=True, slots=True)
class Output:
    """One output of an exported file.

    Attributes:
        name: what it is called.
        dtype: numpy's name of its numbers, such as ``float32``.
        shape: its axes behind the batch: lengths, or one of the words ``classes``, ``height`` and ``width`` (of the
            canvas) and ``rows``, a fixed number that the file chooses and that is the same in all its outputs.
        derived: whether it follows from the outputs before it, and is there for who runs the file by other means.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...] = ()
    derived: bool = False

"""What an exported file must be, whichever runtime runs it.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.errors import CheckpointError, DataError
from visionft.results import Output
from visionft.spec import ModelSpec
from visionft.tasks import TASKS

Shape: TypeAlias = Sequence[int | str | None]
"""Axes behind the batch; what is not fixed has a name, or none."""


class Port(NamedTuple):
    """An input or an output of a graph: its name, numpy's name of its numbers, and its axes behind the batch."""

    name: str
    dtype: str
    shape: list[int | str | None]


def check_spec(path: Path, spec: ModelSpec) -> None:
    """Refuse a spec that does not hold together.

    Raises:
        CheckpointError: it is of a task that is not known, or has colours or thresholds for other classes.
    """
    if spec.task not in TASKS:
        raise CheckpointError(f"{path}: a model for {spec.task}; this version predicts {', '.join(TASKS)}")
    for name, values in (("colours", spec.palette), ("thresholds", spec.thresholds)):
        if values and len(values) != len(spec.class_names):
            raise CheckpointError(f"{path}: {len(values)} {name} for {len(spec.class_names)} classes; export it again")


def expected_outputs(spec: ModelSpec, shapes: Sequence[Shape]) -> list[Port]:
    """Return the outputs that a graph with a spec has.

    Args:
        spec: of a known task.
        shapes: of the graph's outputs, in order; they say how many ``rows`` it has chosen to give.
    """
    outputs: tuple[Output, ...] = TASKS[spec.task].outputs
    lengths: dict[int | str, int | str] = {
        "classes": len(spec.class_names),
        "height": spec.input.height,
        "width": spec.input.width,
        "rows": _rows(outputs, shapes),
    }
    return [
        Port(output.name, output.dtype, [lengths.get(length, length) for length in output.shape]) for output in outputs
    ]


def _rows(outputs: Sequence[Output], shapes: Sequence[Shape]) -> int | str:
    for output, shape in zip(outputs, shapes, strict=False):
        if "rows" in output.shape and len(shape) == len(output.shape):
            rows = shape[output.shape.index("rows")]
            return rows if isinstance(rows, int) else "a fixed number of rows"
    return "a fixed number of rows"


def check_canvases(images_BHW3: NDArray[Any], spec: ModelSpec) -> None:
    """Refuse canvases that are not the model's.

    Raises:
        DataError: the array is of another type or shape.
    """
    canvas = (spec.input.height, spec.input.width, 3)
    if images_BHW3.dtype != np.uint8 or images_BHW3.shape[1:] != canvas or not len(images_BHW3):
        raise DataError(
            f"canvases: {images_BHW3.dtype} of shape {images_BHW3.shape}; "
            f"the model takes uint8 of shape (1 or more, {', '.join(map(str, canvas))})"
        )

"""ONNX with 16-bit floats between the first and the last layer with weights, for GPUs and NPUs."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnx
from numpy.typing import NDArray

from visionft.errors import ExportError
from visionft.export.parity import Limits
from visionft.export.writers.base import Attempt, fp16_limits
from visionft.export.writers.reduced_precision import ReducedPrecisionWriter
from visionft.export.writers.weighted_part import between_weights
from visionft.models.conversion import quiet
from visionft.spec import ModelSpec
from visionft.tasks.learner import Learner

# Sums over many numbers, or exponentials: 11 bits and a range up to 65,504 are too few.
_KEPT = ("InstanceNormalization", "LayerNormalization", "ReduceMean", "ReduceSum", "Resize", "Softmax")


class OnnxFp16Writer(ReducedPrecisionWriter):
    """Writes weights and activations of 16 bits, which GPUs and NPUs are quicker with, and CPUs slower.

    What is before and behind the weights stays in float32, as do the outputs.
    """

    kind: ClassVar[str] = "onnx-fp16"
    suffix: ClassVar[str] = ".onnx"
    variant: ClassVar[str] = "fp16"

    def limits(self, task: Learner) -> Limits:
        """Return how far its files may be from the network: numbers have 11 bits."""
        return fp16_limits(task)

    def convert(
        self,
        source: Path,
        spec: ModelSpec,  # noqa: ARG002  # it goes along with the source's metadata
        path: Path,
        calibration: Iterable[NDArray[np.uint8]] | None,  # noqa: ARG002  # floats need no ranges
    ) -> Iterator[Attempt]:
        """Write the file, once."""
        to_float16(source, path)
        yield Attempt(baseline=source)


def to_float16(source: Path, path: Path) -> None:
    """Write a float32 file with 16-bit floats.

    Raises:
        ExportError: onnxruntime cannot convert it.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = onnx.load(source)
    part = {node.name for node in between_weights(model.graph) if node.op_type not in _KEPT}
    try:
        with quiet():
            written = convert_float_to_float16(
                model,
                keep_io_types=True,
                node_block_list=[node.name for node in model.graph.node if node.name not in part],
            )
    except (ValueError, RuntimeError, KeyError) as error:
        raise ExportError(f"onnxruntime cannot convert it to 16 bits: {str(error).partition(chr(10))[0]}") from error
    onnx.save(written, path)

"""Write an exported file, measure that very file, and give it its name only if it passes."""

from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from visionft.checkpoint.atomic import write_with
from visionft.errors import CheckpointError, ExportError
from visionft.export.parity import DEFAULT_LIMITS, CanvasModel, Limits, Parity, verify
from visionft.spec import ModelSpec


class Exporter(Protocol):
    """One runtime: how its file is written and how it is run.

    Attributes:
        kind: name in the catalog.
        suffix: what its files end in, with the dot.
    """

    kind: str
    suffix: str

    def write(self, network: nn.Module, spec: ModelSpec, path: Path) -> None:
        """Write the file; the network is in eval mode, on the CPU, in contiguous float32.

        Raises:
            ExportError: the network cannot be converted; the message is the reason, without the path.
        """

    def load(self, path: Path) -> CanvasModel:
        """Load what ``write`` wrote.

        Raises:
            CheckpointError: the runtime refuses the file.
        """


def export_verified(
    exporter: Exporter,
    network: nn.Module,
    spec: ModelSpec,
    path: Path,
    batches: Iterable[NDArray[np.uint8]],
    *,
    labels_N: NDArray[np.int64] | None = None,
    expected_NK: NDArray[np.float32] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Parity:
    """Export a network to a file that has proven to give the same answers.

    Args:
        exporter: the runtime, such as ``RUNTIMES["onnx"]()``.
        network: images_BHW3 uint8 -> probabilities_BK float32; left as it is, whatever its mode or device.
        spec: goes into the file.
        path: where the file goes; an older file there is replaced only by one that passed.
        batches: images_BHW3 canvases of all validation images, in any batch sizes.
        labels_N: true classes of these images, for the accuracies in the result.
        expected_NK: probabilities that the network gave for these images in float32, if they are known
            already; lower precisions, TF32 included, differ by more than the usual limits allow.
        limits: how far the file may be from the network.

    Returns:
        What was measured.

    Raises:
        ExportError: the network cannot be converted, the file differs by more than the limits or gives NaN,
            or it cannot be written. There is no new file then.
    """
    plain = _plain_copy(network)
    measured: list[Parity] = []

    def write(temporary: Path) -> None:
        exporter.write(plain, spec, temporary)
        reference = plain if expected_NK is None else expected_NK
        parity = verify(exporter.load(temporary), reference, batches, labels_N=labels_N, limits=limits)
        if not parity.passed:
            raise ExportError(f"{parity}; the limits are the recipe's export.min_agreement and .max_difference")
        measured.append(parity)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_with(path, write)
    except (ExportError, CheckpointError) as error:
        raise ExportError(f"{path}: not written: {error}") from error
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}") from error
    return measured[0]


def _plain_copy(network: nn.Module) -> nn.Module:
    """Return a copy that traces the same way whatever the network was trained on."""
    copy = deepcopy(network).eval().requires_grad_(False)
    return copy.to("cpu", torch.float32).to(memory_format=torch.contiguous_format)

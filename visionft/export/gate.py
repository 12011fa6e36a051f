"""Write an exported file, measure that very file, and give it its name only if it passes."""

from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from visionft.atomic import write_with
from visionft.errors import CheckpointError, ExportError
from visionft.export.parity import DEFAULT_LIMITS, CanvasModel, Limits, Parity, verify
from visionft.spec import ModelSpec
from visionft.tasks.learner import Learner


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
    task: Learner,
    spec: ModelSpec,
    path: Path,
    batches: Iterable[tuple[NDArray[np.uint8], Any]],
    limits: Limits = DEFAULT_LIMITS,
) -> Parity:
    """Export a network to a file that has proven to give the same answers.

    Args:
        exporter: the runtime, such as ``RUNTIMES["onnx"]()``.
        network: images_BHW3 uint8 -> outputs, results first; left as it is, whatever its mode or device.
        task: the network's; names the outputs and scores the results.
        spec: goes into the file.
        path: where the file goes; an older file there is replaced only by one that passed.
        batches: (images_BHW3, targets) of all validation canvases, in any batch sizes.
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
        parity = verify(exporter.load(temporary), plain, task, batches, limits)
        if not parity.passed:
            raise ExportError(
                f"{parity}; the limits are the recipe's export.min_agreement, .max_difference and "
                f".max_score_change{_ties(parity)}"
            )
        measured.append(parity)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_with(path, write)
    except (ExportError, CheckpointError) as error:
        raise ExportError(f"{path}: not written: {error}") from error
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}") from error
    return measured[0]


def _ties(parity: Parity) -> str:
    """Say what it means when all scores are the same and yet too many answers differ."""
    limits = parity.limits
    if parity.agreement >= limits.min_agreement or not parity.max_abs_difference <= limits.max_difference:
        return ""
    return (
        "; the scores are alike, so the answers that differ are near ties, of which a network that has hardly learned "
        "has many: train longer, or set export.min_agreement lower"
    )


def _plain_copy(network: nn.Module) -> nn.Module:
    """Return a copy that traces the same way whatever the network was trained on."""
    copy = deepcopy(network).eval().requires_grad_(False)
    return copy.to("cpu", torch.float32).to(memory_format=torch.contiguous_format)

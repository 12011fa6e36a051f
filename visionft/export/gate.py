"""Write an exported file, measure that very file, and give it its name only if it passes.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from visionft.atomic import write_with
from visionft.errors import CheckpointError, ExportError
from visionft.export.parity import DEFAULT_LIMITS, Limits, Parity, verify
from visionft.export.writers.base import Writer
from visionft.predict.engine import open_engine
from visionft.results import CanvasRunner, Results
from visionft.spec import ModelSpec
from visionft.tasks.learner import Learner, named_outputs


def export_verified(
    writer: Writer,
    network: nn.Module,
    task: Learner,
    spec: ModelSpec,
    path: Path,
    batches: Iterable[tuple[NDArray[np.uint8], Any]],
    limits: Limits = DEFAULT_LIMITS,
) -> Parity:
    """Export a network to a file that has proven to give the same answers.

    Args:
        writer: of the runtime, such as ``WRITERS["onnx"]()``.
        network: images_BHW3 uint8 -> the outputs of the task's definition; left as it is, whatever its mode or device.
        task: the network's; compares and scores the results.
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
    plain = plain_copy(network)
    measured: list[Parity] = []

    def write(temporary: Path) -> None:
        writer.write(plain, spec, temporary)
        written = open_engine(temporary, suffix=writer.suffix)
        parity = verify(written.run, _runner(plain, task.kind), task, batches, limits, spec.thresholds)
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
    """Return what it means when all scores are the same and yet too many answers differ."""
    limits = parity.limits
    if parity.agreement >= limits.min_agreement or not parity.max_abs_difference <= limits.max_difference:
        return ""
    return (
        "; the scores are alike, so the answers that differ are near ties, of which a network that has hardly learned "
        "has many: train longer, or set export.min_agreement lower"
    )


def _runner(network: nn.Module, kind: str) -> CanvasRunner:
    """Return a network of a kind of task as a function of canvases."""

    @torch.inference_mode()
    def run(images_BHW3: NDArray[np.uint8]) -> Results:
        return named_outputs(kind, network(torch.tensor(images_BHW3)))

    return run


def plain_copy(network: nn.Module) -> nn.Module:
    """Return a copy that traces the same way whatever the network was trained on."""
    copy = deepcopy(network).eval().requires_grad_(False)
    return copy.to("cpu", torch.float32).to(memory_format=torch.contiguous_format)

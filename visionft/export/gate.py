"""Write an exported file, measure that very file, and give it its name only if it passes.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from visionft.atomic import write_with
from visionft.errors import CheckpointError, ExportError
from visionft.export.parity import DEFAULT_LIMITS, Limits, Parity, verify
from visionft.export.speed import compare_speed
from visionft.export.writers.base import Attempt, Writer
from visionft.predict.engine import Engine, open_engine
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
    calibration: Iterable[NDArray[np.uint8]] | None = None,
    *,
    allow_slower: bool = False,
) -> Parity:
    """Export a network to a file that has proven to give the same answers.

    Args:
        writer: of the runtime, such as ``WRITERS["onnx"]()``.
        network: images_BHW3 uint8 -> the outputs of the task's definition; left as it is, whatever its mode or device.
        task: the network's; compares and scores the results.
        spec: goes into the file.
        path: where the file goes; an older file there is replaced only by one that passed.
        batches: (images_BHW3, targets) of all validation canvases, in any batch sizes; gone through again for every
            attempt of a writer that makes several.
        limits: how far the file may be from the network.
        calibration: canvases_BHW3 of training images, for writers that choose ranges by them.
        allow_slower: whether a file of fewer bits may be slower than float32 on this machine.

    Returns:
        What was measured.

    Raises:
        ExportError: the network cannot be converted, the file differs by more than the limits, gives NaN or is slower
            than it should be, or it cannot be written. There is no new file then.
    """
    plain = plain_copy(network)
    measured: list[Parity] = []

    def write(temporary: Path) -> None:
        for attempt in writer.attempts(plain, spec, temporary, calibration):
            written = open_engine(temporary, suffix=writer.suffix)
            parity = verify(written.run, _runner(plain, task.kind), task, batches, limits, spec.thresholds)
            parity = replace(parity, remark=attempt.remark)
            if parity.passed:
                measured.append(_with_speed(parity, written, attempt, allow_slower=allow_slower))
                return
        raise ExportError(
            f"{parity}; the limits are the recipe's export.min_agreement, .max_difference and .max_score_change, or "
            f"those of export.limits{_ties(parity)}"
        )

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_with(path, write)
    except (ExportError, CheckpointError) as error:
        raise ExportError(f"{path}: not written: {error}") from error
    except OSError as error:
        raise ExportError(f"{path}: cannot be written: {error.strerror}") from error
    return measured[0]


def _with_speed(parity: Parity, written: Engine, attempt: Attempt, *, allow_slower: bool) -> Parity:
    """Return what was measured with how quick the file is, where that matters.

    Raises:
        ExportError: the file is slower and must not be.
    """
    if attempt.baseline is None:
        return parity
    speed = compare_speed(written, open_engine(attempt.baseline))
    if not speed.is_gain and not allow_slower:
        raise ExportError(
            f"it gives the same answers, but no quicker on this machine ({speed}); for a machine on which it is, write "
            "it with --allow-slower"
        )
    return replace(parity, speed=speed)


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

"""Does the exported file give the network's answers? Measured on every image, in several batch sizes.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError, ExportError
from visionft.export.speed import Speed
from visionft.results import CanvasRunner, Results
from visionft.tasks.base import Meter
from visionft.tasks.learner import ChoosesThresholds, Learner


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the exported file may be from the network.

    Attributes:
        min_agreement: fraction of the answers (images, pixels, boxes) that must be the same, in [0, 1].
        max_difference: largest difference of any one probability or score, > 0.
        max_score_change: largest change of the headline score, >= 0.
    """

    min_agreement: float = 1.0
    max_difference: float = 1e-4
    max_score_change: float = 1e-3


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Parity:
    """The exported file and its network on the same images.

    Attributes:
        images: how many were compared.
        batch_sizes: sizes in which the exported file was given them, ascending.
        answers: what was compared: images, pixels or boxes.
        compared: how many of these.
        agreement: fraction of these for which both give the same answer, in [0, 1].
        max_abs_difference: largest difference of any one probability or score; NaN when either gave one.
        score: name of the headline score, such as ``accuracy``.
        score_network: the network's, on the canvases.
        score_exported: the exported file's.
        limits: what was allowed.
        remark: what is particular about the file, for people.
        speed: beside a file in float32, where the file is there to be quicker.
    """

    images: int
    batch_sizes: tuple[int, ...]
    answers: str
    compared: int
    agreement: float
    max_abs_difference: float
    score: str
    score_network: float
    score_exported: float
    limits: Limits
    remark: str = ""
    speed: Speed | None = None

    @property
    def passed(self) -> bool:
        """Whether all limits hold; NaN holds none."""
        return (
            self.agreement >= self.limits.min_agreement
            and self.max_abs_difference <= self.limits.max_difference
            and abs(self.score_exported - self.score_network) <= self.limits.max_score_change
        )

    def __str__(self) -> str:
        what = self.answers if self.answers == "images" else f"{self.answers} of {self.images} images"
        return (
            f"same answer for {self.agreement:.4%} of {what} (at least {self.limits.min_agreement:.4%}), largest "
            f"difference of a score {self.max_abs_difference:.2g} (at most {self.limits.max_difference:.2g}), "
            f"{self.score} {self.score_exported:.4f} for {self.score_network:.4f} "
            f"(at most {self.limits.max_score_change:.2g} apart)"
            + (f", {self.speed}" if self.speed else "")
            + (f"; {self.remark}" if self.remark else "")
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold, save for a NaN difference."""
        return {**asdict(self), "batch_sizes": list(self.batch_sizes), "passed": self.passed}


def verify(
    exported: CanvasRunner,
    network: CanvasRunner,
    task: Learner,
    batches: Iterable[tuple[NDArray[np.uint8], Any]],
    limits: Limits = DEFAULT_LIMITS,
    thresholds: Sequence[float] = (),
) -> Parity:
    """Run the file and the network on every image and compare them, a batch at a time.

    Args:
        exported: the exported file.
        network: what it was exported from.
        task: scores the results.
        batches: (images_BHW3, targets) of canvases, at least one; targets are an array, or several.
        limits: what ``Parity.passed`` allows.
        thresholds: the spec's, see ``ChoosesThresholds.compare``.

    Returns:
        What was measured, passed or not.

    Raises:
        ExportError: there are no images, or the file's results have other shapes.
    """
    comparison = _Comparison(task, thresholds)
    for images_BHW3, targets in batches:
        # the first image goes alone: a graph that took a batch size from tracing cannot hide
        cuts = [slice(None)] if comparison.images else [slice(0, 1), slice(1, None)]
        for cut in cuts:
            if len(part_BHW3 := images_BHW3[cut]):
                actual, expected = exported(part_BHW3), network(part_BHW3)
                comparison.add(len(part_BHW3), actual, expected, _part(targets, cut))
    if not comparison.images:
        raise ExportError("there are no validation images to measure it on; give the data a val split")
    return comparison.parity(limits)


class _Comparison:
    """A running count of agreements: the results of a segmentation data set do not fit in memory."""

    def __init__(self, task: Learner, thresholds: Sequence[float]) -> None:
        self.images = 0
        self._task = task
        self._thresholds = thresholds
        self._meters: tuple[Meter, Meter] = (task.meter(), task.meter())
        self._batch_sizes: set[int] = set()
        self._same = self._compared = 0
        self._difference = 0.0

    def add(self, images: int, actual: Results, expected: Results, targets: Any) -> None:
        for name, values in expected.items():
            if actual[name].shape != values.shape:
                raise ExportError(f"the file gives {name} of shape {actual[name].shape}, the network {values.shape}")
        if isinstance(self._task, ChoosesThresholds):
            agreement = self._task.compare(actual, expected, self._thresholds)
        else:
            agreement = self._task.compare(actual, expected)
        self._same += agreement.same
        self._compared += agreement.compared
        worst = agreement.difference
        self._difference = worst if not worst <= self._difference else self._difference  # NaN stays
        for meter, results in zip(self._meters, (expected, actual), strict=True):
            meter.update(results, targets)
        self.images += images
        self._batch_sizes.add(images)

    def parity(self, limits: Limits) -> Parity:
        scores = [_score(meter, self._task.headline) for meter in self._meters]
        return Parity(
            images=self.images,
            batch_sizes=tuple(sorted(self._batch_sizes)),
            answers=self._task.answers,
            compared=self._compared,
            agreement=self._same / self._compared if self._compared else 1.0,
            max_abs_difference=self._difference,
            score=self._task.headline,
            score_network=scores[0],
            score_exported=scores[1],
            limits=limits,
        )


def _part(targets: Any, cut: slice) -> Any:
    return tuple(part[cut] for part in targets) if isinstance(targets, tuple) else targets[cut]


def _score(meter: Meter, name: str) -> float:
    try:
        return meter.values().get(name, 0.0)  # whether it is defined follows from the images, for both alike
    except DataError:  # NaN, or other numbers that are no probabilities: no limit allows their difference
        return float("nan")

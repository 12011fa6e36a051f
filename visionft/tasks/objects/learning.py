"""What detection and instance segmentation share: a detector on feature maps, and how its boxes are compared.

Shape suffixes: B batch, H height, W width, N and M detections, K classes, R what a row of results holds:
xyxy, score, class, and what else the task has.
"""

from collections.abc import Iterator, Sequence
from inspect import signature
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from visionft.annotations.boxes import pairwise_iou
from visionft.data.records import Sample
from visionft.data.targets.boxes import Boxes
from visionft.errors import RecipeError
from visionft.imaging.inputs import load
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS
from visionft.models.heads.base import Head
from visionft.models.heads.maps import PaddedHead
from visionft.results import CanvasRunner, Results
from visionft.spec import DETECTIONS, InputSpec
from visionft.tasks.base import Agreement
from visionft.tasks.learner import ChosenThresholds
from visionft.tasks.objects.detect import detect_loaded
from visionft.tasks.objects.metrics import best_thresholds
from visionft.tasks.objects.rows import box_rows

_SAME_IOU, _SAME_SCORE = 0.99, 1e-3


class ObjectLearner:
    """A detector on the backbone's feature maps.

    Args:
        class_names: text for class 0, 1, ...
        head: kind of the head.
        dropout: fraction of the channels dropped before the layer that tells the classes.
        max_detections: rows of a canvas's results.
    """

    min_agreement: ClassVar[float] = 0.995  # boxes about to be suppressed by others may differ
    max_difference: ClassVar[float] = 1e-2

    def __init__(
        self, class_names: Sequence[str], *, head: str, dropout: float = 0.0, max_detections: int = DETECTIONS
    ) -> None:
        self.class_names = tuple(class_names)
        self._head = head
        self._dropout = dropout
        self._max_detections = max_detections

    def build_head(self, backbone: Backbone) -> Head:
        """Return a fresh head for the backbone's maps.

        Raises:
            RecipeError: when more objects are asked for than the head can give, as those of other packages may.
        """
        head_class = HEADS[self._head]
        arguments: dict[str, float] = {"dropout": self._dropout}
        if "max_detections" in signature(head_class).parameters:
            arguments["max_detections"] = self._max_detections
        elif self._max_detections != DETECTIONS:
            raise RecipeError(
                f"task.max_detections: {self._max_detections}, but the head {self._head} takes no such number; set "
                f"task.max_detections: {DETECTIONS}, which leaves it as it is, or another task.head"
            )
        return PaddedHead(head_class(backbone.channels, backbone.strides, len(self.class_names), **arguments))

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return boxes, scores, labels and the number of rows that hold a detection."""
        scores_BN = results[..., 4]
        return results[..., :4], scores_BN, results[..., 5].long(), (scores_BN > 0).sum(dim=1)

    def derived(self, results: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG002
        """Return no further outputs."""
        return ()

    def rows(self, results: Results) -> NDArray[np.float32]:
        """Return the rows that are compared, detections_BNR of each image."""
        return box_rows(results)

    def compare(
        self,
        actual: Results,
        expected: Results,
        thresholds: Sequence[float] = (),  # noqa: ARG002  # all detections are compared, whatever their scores
    ) -> Agreement:
        """Count the detections that agree: the same class, IoU above 0.99, scores less than 0.001 apart.

        The difference is the largest among detections of one class and place, whatever their scores.
        """
        actual_BNR, expected_BNR = self.rows(actual), self.rows(expected)
        if not np.isfinite(actual_BNR).all() or not np.isfinite(expected_BNR).all():
            return Agreement(0, max(1, len(actual_BNR)), float("nan"))
        parts = [self._compare_image(*pair) for pair in zip(actual_BNR, expected_BNR, strict=True)]
        return Agreement(
            sum(part.same for part in parts),
            sum(part.compared for part in parts),
            max(part.difference for part in parts),
        )

    def _compare_image(self, actual_NR: NDArray[np.float32], expected_NR: NDArray[np.float32]) -> Agreement:
        actual_NR, expected_MR = (rows_NR[rows_NR[:, 4] > 0] for rows_NR in (actual_NR, expected_NR))
        compared = max(len(actual_NR), len(expected_MR))
        if not len(actual_NR) or not len(expected_MR):
            return Agreement(0, compared, 0.0)
        apart_NM = np.abs(actual_NR[:, None, 4].astype(np.float64) - expected_MR[None, :, 4])
        apart_NM[~self.alike(actual_NR, expected_MR)] = np.inf
        apart_M, apart_N = apart_NM.min(axis=0), apart_NM.min(axis=1)
        same = int(min((apart_M < _SAME_SCORE).sum(), (apart_N < _SAME_SCORE).sum()))
        return Agreement(same, compared, float(np.max(apart_M[np.isfinite(apart_M)], initial=0.0)))

    def alike(self, actual_NR: NDArray[np.float32], expected_MR: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which detections of an image have the same class and place, alike_NM."""
        iou_NM = pairwise_iou(actual_NR[:, :4], expected_MR[:, :4])
        return np.asarray((iou_NM > _SAME_IOU) & (actual_NR[:, None, 5] == expected_MR[None, :, 5]))

    def thresholds(
        self, samples: Sequence[Sample], spec: InputSpec, run: CanvasRunner, *, batch_size: int
    ) -> ChosenThresholds:
        """Return the score with the best F1 of the boxes of each class, measured in the original frame.

        Args:
            samples: validation images.
            spec: the canvas.
            run: the network.
            batch_size: canvases that go through it at once.
        """
        detections = list(detect_all(samples, spec, run, batch_size))
        targets = [Boxes.of(sample) for sample in samples]
        return ChosenThresholds(best_thresholds(detections, targets, len(self.class_names)))


def detect_all(
    samples: Sequence[Sample], spec: InputSpec, run: CanvasRunner, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Yield detections_N6 of each image, in its original frame."""
    for sample in samples:
        yield from detect_loaded([load(sample.image, spec)], spec, run, batch_size=batch_size)

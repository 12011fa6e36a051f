"""Object detection: boxes with a class and a score.

Shape suffixes: B batch, H height, W width, C channels, N detections or objects, K classes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft.backbones import Backbone, DepthGroup
from visionft.heads import HEADS
from visionft.metrics.detection import DetectionMetrics, best_thresholds, detection_metrics, quick_detection
from visionft.predict.boxes import pairwise_iou
from visionft.predict.detect import detect
from visionft.predict.images import load_pixels
from visionft.sample import PADDING, Sample, TaskKind
from visionft.spec import InputSpec
from visionft.tasks.adapter import Agreement, Runner

_SAME_IOU, _SAME_SCORE = 0.99, 1e-3


class DetectorOutputs(Protocol):
    """What a head for detection returns: it alone knows how its outputs are learned and read."""

    def loss(self, truth_BN5: Tensor) -> Tensor:
        """Return the mean loss of a batch; the targets are those of ``Batch``."""
        ...

    def detections(self) -> Tensor:
        """Return detections_BN6, by falling score, the same N for every image."""
        ...


@dataclass(frozen=True, slots=True)
class DetectionEvaluation:
    """Metrics and the detections they were computed from.

    Attributes:
        metrics: every metric with its interval, measured in the frame of the original images.
        detections: detections_N6 of each image in that frame, in the order of the samples.
    """

    metrics: DetectionMetrics
    detections: tuple[NDArray[np.float32], ...]


class BoxMeter:
    """Collects detections on the canvas.

    Args:
        classes: how many.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._found: list[NDArray[np.float32]] = []
        self._truth: list[NDArray[np.float32]] = []

    def update(self, results: NDArray[np.float32], targets: NDArray[np.float32]) -> None:
        """Take in detections_BN6 and boxes_BN5."""
        self._found += [found_N6[found_N6[:, 4] > 0] for found_N6 in results]
        self._truth += [truth_N5[truth_N5[:, 4] != PADDING] for truth_N5 in targets]

    def values(self) -> dict[str, float]:
        """Return mAP, AP50 and AP75, means of the classes."""
        return quick_detection(self._found, self._truth, self._classes)


class Detection:
    """A detector on the backbone's feature maps.

    Images of any size are padded to whole cells of the deepest map, right and below, with the mean colour.

    Args:
        class_names: text for class 0, 1, ...
        head: kind of the head.
        dropout: share of the channels dropped before the layer that tells the classes.
    """

    kind: ClassVar[TaskKind] = "detection"
    headline: ClassVar[str] = "map"
    one_embedding: ClassVar[bool] = False
    answers: ClassVar[str] = "boxes"
    min_agreement: ClassVar[float] = 0.995  # boxes about to be suppressed by others may differ
    max_difference: ClassVar[float] = 1e-2

    def __init__(self, class_names: Sequence[str], *, head: str = "dense", dropout: float = 0.0) -> None:
        self.class_names = tuple(class_names)
        self._head = head
        self._dropout = dropout

    def build_head(self, backbone: Backbone) -> nn.Module:
        """Return a fresh head for the backbone's maps."""
        head: nn.Module = HEADS[self._head](
            backbone.channels, backbone.strides, len(self.class_names), dropout=self._dropout
        )
        return _OnPadded(head)

    def groups(self, backbone: Backbone) -> Sequence[DepthGroup]:
        """Return those of the maps: layers behind the deepest one would train without a gradient."""
        return backbone.map_groups

    def features(
        self, backbone: Backbone, images_BCHW: Tensor
    ) -> tuple[list[Tensor], tuple[int, int], tuple[int, int]]:
        """Return the maps of the padded images, and the padded and the images' own (height, width)."""
        height, width = images_BCHW.shape[2:]
        padded_BCHW = F.pad(images_BCHW, (0, -width % backbone.stride, 0, -height % backbone.stride))
        return backbone(padded_BCHW), (padded_BCHW.shape[2], padded_BCHW.shape[3]), (height, width)

    def blank_targets(self, images_BHW3: Tensor) -> Tensor:
        """Return boxes_BN5, one object that fills the image."""
        height, width = images_BHW3.shape[1:3]
        one_5 = images_BHW3.new_tensor([0, 0, width, height, 0], dtype=torch.float32)
        return one_5.expand(len(images_BHW3), 1, 5)

    def loss(self, outputs: DetectorOutputs, targets: Tensor) -> Tensor:
        """Return the head's loss against boxes_BN5."""
        return outputs.loss(targets)

    def finalize(self, outputs: DetectorOutputs) -> Tensor:
        """Return detections_BN6."""
        return outputs.detections()

    def meter(self) -> BoxMeter:
        """Return a fresh meter of detections_BN6 against boxes_BN5."""
        return BoxMeter(len(self.class_names))

    def evaluate(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        run: Runner,
        *,
        batch_size: int,
        bootstrap: int,
        seed: int,
        thresholds: Sequence[float] = (),
        on_done: Callable[[int], None] | None = None,
    ) -> DetectionEvaluation:
        """Return the full set of detection metrics in the original frame; see ``TaskAdapter.evaluate``."""
        detections = []
        for done, found_N6 in enumerate(_detect_all(samples, spec, run, batch_size), start=1):
            detections.append(found_N6)
            if on_done:
                on_done(done)
        truth = [sample.boxes for sample in samples]
        metrics = detection_metrics(
            detections, truth, self.class_names, thresholds=thresholds or None, bootstrap=bootstrap, seed=seed
        )
        return DetectionEvaluation(metrics, tuple(detections))

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return boxes, scores, labels and the number of rows that hold a detection."""
        scores_BN = results[..., 4]
        return results[..., :4], scores_BN, results[..., 5].long(), (scores_BN > 0).sum(dim=1)

    def compare(self, found: NDArray[np.float32], expected: NDArray[np.float32]) -> Agreement:
        """Count the detections that have their like: the same class, IoU above 0.99, scores less than 0.001 apart.

        The difference is the largest among detections of one class and place, whatever their scores.
        """
        if not np.isfinite(found).all() or not np.isfinite(expected).all():
            return Agreement(0, max(1, len(found)), float("nan"))
        parts = [self._compare_image(*pair) for pair in zip(found, expected, strict=True)]
        return Agreement(
            sum(part.same for part in parts),
            sum(part.compared for part in parts),
            max(part.difference for part in parts),
        )

    def _compare_image(self, found_NR: NDArray[np.float32], expected_NR: NDArray[np.float32]) -> Agreement:
        found_NR, expected_MR = (rows_NR[rows_NR[:, 4] > 0] for rows_NR in (found_NR, expected_NR))
        compared = max(len(found_NR), len(expected_MR))
        if not len(found_NR) or not len(expected_MR):
            return Agreement(0, compared, 0.0)
        apart_NM = np.abs(found_NR[:, None, 4].astype(np.float64) - expected_MR[None, :, 4])
        apart_NM[~self.alike(found_NR, expected_MR)] = np.inf
        apart_M, apart_N = apart_NM.min(axis=0), apart_NM.min(axis=1)
        same = int(min((apart_M < _SAME_SCORE).sum(), (apart_N < _SAME_SCORE).sum()))
        return Agreement(same, compared, float(np.max(apart_M[np.isfinite(apart_M)], initial=0.0)))

    def alike(self, found_NR: NDArray[np.float32], expected_MR: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Say which detections of an image have the same class and place, alike_NM."""
        iou_NM = pairwise_iou(found_NR[:, :4], expected_MR[:, :4])
        return np.asarray((iou_NM > _SAME_IOU) & (found_NR[:, None, 5] == expected_MR[None, :, 5]))

    def thresholds(
        self, samples: Sequence[Sample], spec: InputSpec, run: Runner, *, batch_size: int
    ) -> tuple[float, ...]:
        """Return the score with the best F1 for each class, measured in the original frame.

        Args:
            samples: validation images.
            spec: the canvas.
            run: the network.
            batch_size: canvases that go through it at once.
        """
        found = list(_detect_all(samples, spec, run, batch_size))
        return best_thresholds(found, [sample.boxes for sample in samples], len(self.class_names))


def _detect_all(
    samples: Sequence[Sample], spec: InputSpec, run: Runner, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    for sample in samples:
        yield detect(load_pixels(sample.path), spec, run, batch_size=batch_size)


class _OnPadded(nn.Module):
    """A head that is given what ``Detection.features`` returns."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: tuple[list[Tensor], tuple[int, int], tuple[int, int]]) -> Any:
        """Return the head's outputs."""
        return self.head(*features)

"""What detection and instance segmentation share: a detector on feature maps, and how its boxes are compared.

Shape suffixes: B batch, C channels, H height, W width, N and M detections, K classes, R what a row of results holds:
xyxy, score, class, and what else the task has.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from visionft.annotations.boxes import pairwise_iou
from visionft.data.records import Sample
from visionft.data.targets.boxes import Boxes
from visionft.imaging.inputs import load_pixels
from visionft.models.backbones import Backbone, DepthGroup
from visionft.models.heads import HEADS
from visionft.spec import InputSpec
from visionft.tasks.base import Agreement, Runner
from visionft.tasks.objects.detect import detect
from visionft.tasks.objects.metrics import best_thresholds

_SAME_IOU, _SAME_SCORE = 0.99, 1e-3


class DetectorOutputs(Protocol):
    """What a head for objects returns: it alone knows how its outputs are learned and read."""

    def loss(self, truth: Any) -> Tensor:
        """Return the mean loss of a batch; the targets are those of ``Batch``."""
        ...

    def detections(self) -> Tensor:
        """Return detections_BNR, by falling score, the same N for every image."""
        ...


class Detector:
    """A detector on the backbone's feature maps.

    Images of any size are padded to whole cells of the deepest map, right and below, with the mean colour.

    Args:
        class_names: text for class 0, 1, ...
        head: kind of the head.
        dropout: share of the channels dropped before the layer that tells the classes.
    """

    one_embedding: ClassVar[bool] = False
    min_agreement: ClassVar[float] = 0.995  # boxes about to be suppressed by others may differ
    max_difference: ClassVar[float] = 1e-2

    def __init__(self, class_names: Sequence[str], *, head: str, dropout: float = 0.0) -> None:
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

    def loss(self, outputs: DetectorOutputs, targets: Any) -> Tensor:
        """Return the head's loss against the targets of ``Batch``."""
        return outputs.loss(targets)

    def finalize(self, outputs: DetectorOutputs) -> Tensor:
        """Return detections_BNR."""
        return outputs.detections()

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
        """Return the score with the best F1 of the boxes of each class, measured in the original frame.

        Args:
            samples: validation images.
            spec: the canvas.
            run: the network.
            batch_size: canvases that go through it at once.
        """
        found = list(detect_all(samples, spec, lambda images: run(images)[..., :6], batch_size))
        return best_thresholds(found, [Boxes.of(sample) for sample in samples], len(self.class_names))


def detect_all(
    samples: Sequence[Sample], spec: InputSpec, run: Runner, batch_size: int
) -> Iterator[NDArray[np.float32]]:
    """Yield detections_N6 of each image, in its original frame."""
    for sample in samples:
        yield detect(load_pixels(sample.path), spec, run, batch_size=batch_size)


def one_object(images_BHW3: Tensor) -> Tensor:
    """Return boxes_BN5, of each image one that fills it."""
    height, width = images_BHW3.shape[1:3]
    one_5 = images_BHW3.new_tensor([0, 0, width, height, 0], dtype=torch.float32)
    return one_5.expand(len(images_BHW3), 1, 5)


class _OnPadded(nn.Module):
    """A head that is given what ``Detector.features`` returns."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: tuple[list[Tensor], tuple[int, int], tuple[int, int]]) -> Any:
        """Return the head's outputs."""
        return self.head(*features)

"""Semantic segmentation: one class per pixel.

Shape suffixes: B batch, H height, W width, K classes, C channels; h, w cells of a map.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.annotations.marks import IGNORE
from visionft.data.records import Sample
from visionft.data.targets.mask import Mask
from visionft.imaging.inputs import load
from visionft.models.backbones import Backbone
from visionft.models.heads import HEADS
from visionft.models.heads.base import Head
from visionft.models.heads.maps import PixelHead
from visionft.models.losses.base import attach
from visionft.models.losses.combine import LossSum
from visionft.results import CanvasRunner, Results
from visionft.spec import InputSpec
from visionft.tasks.base import Agreement, same_class
from visionft.tasks.segmentation.metrics import (
    ImageCounts,
    SegmentationMetrics,
    count_confusion,
    count_image,
    quick_segmentation,
    segmentation_metrics,
)
from visionft.tasks.segmentation.segment import segment_loaded

DEFAULT_LOSSES = {"cross_entropy": 1.0, "dice": 1.0}


@dataclass(frozen=True, slots=True)
class PredictedMask:
    """What was predicted for an image, small enough to keep for every image.

    Attributes:
        counts: against the truth.
        shape: (height, width) of the original frame.
        deflated: the label map's bytes, zlib.
    """

    counts: ImageCounts
    shape: tuple[int, int]
    deflated: bytes

    def labels(self) -> NDArray[np.uint8]:
        """Return labels_HW, uint8, in the original frame."""
        return np.frombuffer(zlib.decompress(self.deflated), np.uint8).reshape(self.shape)


@dataclass(frozen=True, slots=True)
class SegmentationEvaluation:
    """Metrics and the masks they were computed from.

    Attributes:
        metrics: every metric with its interval, measured in the frame of the original images.
        masks: in the order of the samples.
    """

    metrics: SegmentationMetrics
    masks: tuple[PredictedMask, ...]


class MaskMeter:
    """Counts pixels on the canvas.

    Args:
        classes: how many.
    """

    def __init__(self, classes: int) -> None:
        self._confusion_KK = np.zeros((classes, classes), np.int64)
        self._loss_sum = 0.0

    def update(self, results: Results, targets: NDArray[np.uint8]) -> None:
        """Take in probabilities_BKHW and masks_BHW."""
        probabilities_BKHW, classes = results["probabilities"], len(self._confusion_KK)
        for target_HW, predicted_HW in zip(targets, probabilities_BKHW.argmax(axis=1).astype(np.uint8), strict=True):
            self._confusion_KK += count_confusion(target_HW, predicted_HW, classes)
        known_BHW = targets != IGNORE
        index_B1HW = np.where(known_BHW, targets, 0)[:, None].astype(np.int64)
        chance_P = np.take_along_axis(probabilities_BKHW, index_B1HW, axis=1)[:, 0][known_BHW]
        self._loss_sum -= float(np.log(np.maximum(chance_P, np.finfo(np.float32).tiny), dtype=np.float64).sum())

    def values(self) -> dict[str, float]:
        """Return loss (nats per pixel), mIoU, mean Dice and pixel accuracy."""
        pixels = max(1, int(self._confusion_KK.sum()))
        return {"loss": self._loss_sum / pixels, **quick_segmentation(self._confusion_KK)}


class SegmentationLearner:
    """A decoder on the backbone's feature maps.

    Args:
        class_names: text for class 0, 1, ...
        head: kind of the head.
        losses: loss -> weight in their sum.
        loss_options: loss -> arguments of its class.
        dropout: fraction of the channels dropped before the head's last layer.
        label_smoothing: fraction of the target spread over all classes, in the cross-entropy.
        class_counts: training pixels per class, when the losses are to weigh classes by inverse frequency.
    """

    kind: ClassVar[str] = "segmentation"
    headline: ClassVar[str] = "miou"
    answers: ClassVar[str] = "pixels"
    min_agreement: ClassVar[float] = 0.999  # pixels at the edge of two classes may differ
    max_difference: ClassVar[float] = 1e-2

    def __init__(
        self,
        class_names: Sequence[str],
        *,
        head: str = "lite",
        losses: Mapping[str, float] | None = None,
        loss_options: Mapping[str, Mapping[str, Any]] | None = None,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_counts: Sequence[int] | None = None,
    ) -> None:
        self.class_names = tuple(class_names)
        self._head = head
        self._dropout = dropout
        options = dict(loss_options or {})
        if label_smoothing:
            options["cross_entropy"] = {"label_smoothing": label_smoothing, **options.get("cross_entropy", {})}
        self._sum = LossSum(losses or DEFAULT_LOSSES, options, weighted=class_counts is not None)
        self._weights_K = None if class_counts is None else _balanced(class_counts)

    def build_head(self, backbone: Backbone) -> Head:
        """Return a fresh head for the backbone's maps."""
        decoder = HEADS[self._head](backbone.channels, backbone.strides, len(self.class_names), dropout=self._dropout)
        head = PixelHead(decoder, self.losses, self.probabilities)
        attach(head, *self._sum.losses)
        return head

    def losses(self, outputs: Tensor, targets: Tensor) -> Mapping[str, Tensor]:
        """Return the weighted losses of logits_BKHW against masks_BHW."""
        weights_K = None if self._weights_K is None else self._weights_K.to(outputs.device)
        return self._sum.terms(outputs, targets, weights_K)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return probabilities_BKHW."""
        return outputs.float().softmax(dim=1)

    def meter(self) -> MaskMeter:
        """Return a fresh meter of probabilities_BKHW against masks_BHW."""
        return MaskMeter(len(self.class_names))

    def evaluate(
        self,
        samples: Sequence[Sample],
        spec: InputSpec,
        run: CanvasRunner,
        *,
        batch_size: int,
        bootstrap: int,
        seed: int,
        thresholds: Sequence[float] = (),  # noqa: ARG002  # the most probable class is believed
        on_done: Callable[[int], None] | None = None,
    ) -> SegmentationEvaluation:
        """Return the full set of segmentation metrics in the original frame; see ``Learner.evaluate``."""
        masks = []
        for done, sample in enumerate(samples, start=1):
            (predicted_HW,) = segment_loaded([load(sample.image, spec)], spec, run, batch_size=batch_size)
            masks.append(self._compared(sample, predicted_HW))
            if on_done:
                on_done(done)
        counts = [mask.counts for mask in masks]
        metrics = segmentation_metrics(counts, self.class_names, bootstrap=bootstrap, seed=seed)
        return SegmentationEvaluation(metrics, tuple(masks))

    def _compared(self, sample: Sample, predicted_HW: NDArray[np.uint8]) -> PredictedMask:
        counts = count_image(Mask.of(sample).source.read(), predicted_HW, len(self.class_names))
        return PredictedMask(counts, predicted_HW.shape, zlib.compress(predicted_HW.tobytes(), level=1))

    def outputs(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities."""
        return (results,)

    def derived(self, results: Tensor) -> tuple[Tensor, ...]:
        """Return the label map for whoever needs no more."""
        return (results.argmax(dim=1).to(torch.uint8),)

    def compare(self, actual: Results, expected: Results) -> Agreement:
        """Compare probabilities; see ``Learner.compare``."""
        return same_class(actual["probabilities"], expected["probabilities"])


def _balanced(pixels: Sequence[int]) -> Tensor:
    """Return weights by inverse frequency, tempered by a square root: rare classes have a thousandth of the pixels."""
    pixels_K = torch.tensor(pixels, dtype=torch.float64).clamp(min=1)
    weights_K = (pixels_K.sum() / pixels_K).sqrt()
    return (weights_K / (weights_K * pixels_K).sum() * pixels_K.sum()).float()

"""Every number that says how good a segmentation is, from the counts of its images.

Shape suffixes: N images, K classes, R resamples, 3 counts of pixels (right, true, predicted), 4 counts of
boundary pixels; leading axes ``...`` may be absent.

Counts are added up over all images before anything is divided. Averages are over the classes that occur among
the true or the predicted pixels of the set: one that is predicted where it never is counts, with 0; one that is
in neither does not count. A number that is not defined is None, in Python as in JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from visionft.errors import DataError
from visionft.metrics.bootstrap import Interval, draw_counts, percentile_intervals
from visionft.metrics.score import Score, in_words
from visionft.metrics.scores import Floats, Ints, defined_mean, optional, ratio
from visionft.tasks.segmentation.boundary import boundary_f1
from visionft.tasks.segmentation.definition import SegmentationTask
from visionft.tasks.segmentation.image_counts import ImageCounts, count_confusion, count_image

__all__ = [
    "ImageCounts",
    "RegionScores",
    "SegmentationMetrics",
    "count_confusion",
    "count_image",
    "image_miou",
    "quick_segmentation",
    "segmentation_metrics",
]


@dataclass(frozen=True, slots=True)
class RegionScores:
    """How well the pixels of one class are told from the others.

    Attributes:
        iou: intersection over union of true and predicted pixels; none when there are neither.
        dice: twice the intersection over the sum of both, which is F1; none when there are neither.
        precision: fraction of the predicted pixels that are right; none when there are none.
        recall: fraction of the true pixels that were found; none when there are none.
        boundary_f1: F1 of boundary pixels; none when there are neither true nor predicted ones.
        pixels: number of true pixels.
    """

    iou: float | None
    dice: float | None
    precision: float | None
    recall: float | None
    boundary_f1: float | None
    pixels: int


@dataclass(frozen=True, slots=True)
class SegmentationMetrics:
    """What ``segmentation_metrics`` measures; fractions lie in 0..1.

    Attributes:
        miou: mean intersection over union of the classes.
        dice: mean Dice coefficient of the classes.
        pixel_accuracy: fraction of the pixels that are right.
        boundary_f1: mean over the classes of the F1 of their boundary pixels, where one is right that lies within
            0.75 % of the image's diagonal of its like; none when no image has a boundary. (Csurka et al. average
            over images; here their counts are added up, as for all other scores.)
        per_class: scores by class name, in label order.
        confusion_KK: counts of pixels; rows are true classes, columns are predicted ones.
        intervals: 95 % percentile bootstrap interval, over images, of miou, dice, pixel_accuracy, boundary_f1.
        n: number of images.
    """

    scores: ClassVar[tuple[Score, ...]] = SegmentationTask.scores
    __repr__ = in_words

    miou: float
    dice: float
    pixel_accuracy: float
    boundary_f1: float | None
    per_class: dict[str, RegionScores]
    confusion_KK: tuple[tuple[int, ...], ...]
    intervals: dict[str, Interval]
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; the counts of pixels are called ``confusion``."""
        plain = asdict(self)
        return {
            **{("confusion" if name == "confusion_KK" else name): value for name, value in plain.items()},
            "confusion": [list(row) for row in self.confusion_KK],
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "SegmentationMetrics":
        """Read what ``to_dict`` returned, also after a round trip through JSON."""
        rest = {name: value for name, value in plain.items() if name != "confusion"}
        return cls(
            **{
                **rest,
                "per_class": {name: RegionScores(**scores) for name, scores in plain["per_class"].items()},
                "confusion_KK": tuple(tuple(row) for row in plain["confusion"]),
                "intervals": {name: (low, high) for name, (low, high) in plain["intervals"].items()},
            }
        )


def segmentation_metrics(
    counts: Sequence[ImageCounts], class_names: Sequence[str], *, bootstrap: int = 1000, seed: int = 0
) -> SegmentationMetrics:
    """Measure a segmentation.

    Args:
        counts: one for each image, from ``count_image``; N >= 1, with at least one pixel that is not ignored.
        class_names: K different names in label order.
        bootstrap: resamples behind the intervals; 0 gives none.
        seed: the intervals are a function of it and the counts.

    Returns:
        The scores.

    Raises:
        DataError: when there is nothing to measure, or the names do not fit the counts.
    """
    confusion_KK = _summed_confusion(counts, class_names)
    pixels_N3K = np.stack([_pixel_counts(image.confusion_KK) for image in counts])
    boundary_N4K = np.stack([image.boundary_4K for image in counts])

    def resampled(draw_RN: Ints) -> dict[str, Floats]:
        weights_RN = draw_counts(draw_RN)
        return _means(*(np.tensordot(weights_RN, part, axes=1) for part in (pixels_N3K, boundary_N4K)))

    pixels_3K, boundary_4K = pixels_N3K.sum(axis=0), boundary_N4K.sum(axis=0)
    means = _means(pixels_3K, boundary_4K)
    return SegmentationMetrics(
        miou=float(means["miou"]),
        dice=float(means["dice"]),
        pixel_accuracy=float(means["pixel_accuracy"]),
        boundary_f1=optional(means["boundary_f1"]),
        per_class=_per_class(class_names, pixels_3K, boundary_4K),
        confusion_KK=tuple(tuple(row) for row in confusion_KK.tolist()),
        intervals=percentile_intervals(resampled, len(counts), resamples=bootstrap, seed=seed) if bootstrap else {},
        n=len(counts),
    )


def quick_segmentation(confusion_KK: Ints) -> dict[str, float]:
    """Score one validation pass, as ``segmentation_metrics`` does, but with 0 for what is not defined.

    Args:
        confusion_KK: counts of pixels, summed over the images; rows are true classes.

    Returns:
        miou, dice and pixel_accuracy.
    """
    return {name: float(np.nan_to_num(value)) for name, value in _pixel_means(_pixel_counts(confusion_KK)).items()}


def image_miou(counts: ImageCounts) -> float:
    """Return the mean IoU of one image's classes, true or predicted; 1 when all of it is ignored: nothing is wrong."""
    return float(np.nan_to_num(_pixel_means(_pixel_counts(counts.confusion_KK))["miou"], nan=1.0))


def _summed_confusion(counts: Sequence[ImageCounts], class_names: Sequence[str]) -> Ints:
    classes = len(class_names)
    if unlike := [image for image in counts if image.confusion_KK.shape != (classes, classes)]:
        raise DataError(f"class names: {classes} given; {len(unlike[0].confusion_KK)} are needed")
    if len(set(class_names)) != classes:
        raise DataError(f"class names: {classes} given, {len(set(class_names))} of them different; all must be")
    confusion_KK = np.zeros((classes, classes), dtype=np.int64)
    for image in counts:
        confusion_KK += image.confusion_KK
    if not confusion_KK.any():
        raise DataError(f"predictions: {len(counts)} images without a pixel that has a class; nothing to measure")
    return confusion_KK


def _pixel_counts(confusion_KK: Ints) -> Ints:
    return np.stack([confusion_KK.diagonal(), confusion_KK.sum(axis=1), confusion_KK.sum(axis=0)])


def _iou_and_dice(pixels_3K: Floats | Ints) -> tuple[Floats, Floats]:
    right_K, targets_K, predicted_K = np.moveaxis(pixels_3K, -2, 0)
    return ratio(right_K, targets_K + predicted_K - right_K), ratio(2 * right_K, targets_K + predicted_K)


def _pixel_means(pixels_3K: Floats | Ints) -> dict[str, Floats]:
    """Score counts of shape (..., 3, K); each score is of shape (...)."""
    iou_K, dice_K = _iou_and_dice(pixels_3K)
    right_K, targets_K, _ = np.moveaxis(pixels_3K, -2, 0)
    accuracy = ratio(right_K.sum(axis=-1), targets_K.sum(axis=-1))
    return {"miou": defined_mean(iou_K), "dice": defined_mean(dice_K), "pixel_accuracy": accuracy}


def _means(pixels_3K: Floats | Ints, boundary_4K: Floats | Ints) -> dict[str, Floats]:
    return _pixel_means(pixels_3K) | {"boundary_f1": defined_mean(boundary_f1(boundary_4K))}


def _per_class(class_names: Sequence[str], pixels_3K: Ints, boundary_4K: Ints) -> dict[str, RegionScores]:
    right_K, targets_K, predicted_K = pixels_3K
    iou_K, dice_K = _iou_and_dice(pixels_3K)
    precision_K, recall_K, boundary_K = ratio(right_K, predicted_K), ratio(right_K, targets_K), boundary_f1(boundary_4K)
    return {
        name: RegionScores(
            iou=optional(iou_K[k]),
            dice=optional(dice_K[k]),
            precision=optional(precision_K[k]),
            recall=optional(recall_K[k]),
            boundary_f1=optional(boundary_K[k]),
            pixels=int(targets_K[k]),
        )
        for k, name in enumerate(class_names)
    }

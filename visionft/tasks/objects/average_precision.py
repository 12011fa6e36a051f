"""Average precision as COCO defines it, over all objects and by their size.

Shape suffixes: N detections or images, M objects, K classes, T IoU thresholds.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from visionft.annotations.boxes import areas
from visionft.metrics.scores import Floats, Ints, defined_mean, optional
from visionft.tasks.objects.matching import DetectedObjects, TargetObjects
from visionft.tasks.objects.precision_recall import Outside, Ranked, rank, weighted_ap

_RANGES = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, np.inf)}
"""Areas of objects in pixels; one that lies on a bound is of both sizes."""

_COCO_DETECTIONS = 100
"""Detections of an image and class that count for COCO."""


class Areas(NamedTuple):
    """The sizes of an image's detections and objects, in pixels."""

    detected_N: Floats | Ints
    target_M: Floats | Ints

    @classmethod
    def of_boxes(cls, predictions: DetectedObjects, targets: TargetObjects) -> "Areas":
        """Measure boxes."""
        return cls(areas(predictions.xyxy_N4), areas(targets.xyxy_M4))


def average_precision(ranked: Sequence[Ranked]) -> Floats:
    """Measure each class at each IoU threshold.

    Args:
        ranked: the detections of each class, as ``rank`` orders them.

    Returns:
        ap_KT, NaN for a class without objects.

    Source:
        Lin et al. (2014), arXiv:1405.0312, and the reference code of its authors, pycocotools, with which the tests
        compare.
    """
    images = len(ranked[0].objects_N)
    return np.concatenate([weighted_ap(one, np.ones((1, images))) for one in ranked])


def coco_map(ranked: Sequence[Ranked]) -> float:
    """Return the mean average precision as COCO has it, for which 100 detections of an image and class count.

    Matching goes by falling score, so that what comes after them has no part in what they find.
    """
    ap_KT = average_precision([one.best(_COCO_DETECTIONS) for one in ranked])
    return float(defined_mean(ap_KT.mean(axis=1)))


def precision_by_size(
    predictions: Sequence[DetectedObjects],
    targets: Sequence[TargetObjects],
    classes: int,
    areas: Sequence[Areas],
    overlaps: Sequence[Floats] | None = None,
) -> dict[str, float | None]:
    """Return the mean average precision of small, medium and large objects; none where there are none of the size.

    Args:
        predictions: detections, one entry per image.
        targets: objects, one entry per image.
        classes: how many.
        areas: the sizes of both, one entry per image.
        overlaps: overlap_NM of each image, where it is not boxes that count.
    """
    values = {}
    for size, (least, most) in _RANGES.items():
        outside = [Outside(*((sizes < least) | (sizes > most) for sizes in image)) for image in areas]
        ap_KT = average_precision(rank(predictions, targets, classes, overlaps=overlaps, outside=outside))
        values[size] = optional(defined_mean(ap_KT.mean(axis=1)))
    return values

"""Average precision as COCO defines it, by faster-coco-eval: the numbers that papers compare.

Shape suffixes: K classes, T IoU thresholds, R recall points, A ranges of area, D limits of detections.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from visionft.metrics.matching import IOUS_T, MOST, Found, Truth
from visionft.metrics.scores import Floats

SIZES = ("small", "medium", "large")
"""Ranges of an object's area, bounded by 32 x 32 and 96 x 96 pixels."""

_LARGEST = 1e5**2
_AREAS = {"small": [0, 32**2], "medium": [32**2, 96**2], "large": [96**2, _LARGEST]}


def average_precision(found: Sequence[Found], truth: Sequence[Truth], classes: int, *, sizes: bool = True) -> Floats:
    """Measure each class at each IoU threshold.

    Args:
        found: detections, one entry per image.
        truth: objects, one entry per image.
        classes: how many.
        sizes: whether to measure small, medium and large objects as well.

    Returns:
        ap_TKA: for A = all objects and, if asked for, ``SIZES``; NaN for a class without objects of the size.
    """
    # here and not above: not needed to read metrics
    from faster_coco_eval import COCO, COCOeval_faster

    truths = COCO(
        {
            "images": [{"id": image} for image in range(1, len(truth) + 1)],
            "categories": [{"id": label, "name": str(label)} for label in range(classes)],
            "annotations": _annotations(truth),
        }
    )
    evaluation = COCOeval_faster(truths, truths.loadRes(_detections(found)), "bbox")
    evaluation.params.iouThrs = IOUS_T
    evaluation.params.maxDets = [MOST]
    evaluation.params.areaRngLbl = ["all", *(SIZES if sizes else ())]
    evaluation.params.areaRng = [[0, _LARGEST], *([_AREAS[size] for size in SIZES] if sizes else ())]
    evaluation.evaluate()
    evaluation.accumulate()
    precision_TRKAD: Floats = np.asarray(evaluation.eval["precision"])
    ap_TKA = precision_TRKAD[..., -1].mean(axis=1)
    return np.where(ap_TKA < 0, np.nan, ap_TKA)  # -1 stands for no objects


def _annotations(truth: Sequence[Truth]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for image, objects in enumerate(truth, start=1):
        boxes, sides = _as_coco(objects.xyxy_M4)
        areas = sides.prod(axis=1).tolist()
        for box, area, label, crowd in zip(
            boxes, areas, objects.labels_M.tolist(), objects.crowd_M.tolist(), strict=True
        ):
            # from 1: the library takes 0 for no match
            rows.append(
                {
                    "id": len(rows) + 1,
                    "image_id": image,
                    "category_id": label,
                    "bbox": box,
                    "area": area,
                    "iscrowd": int(crowd),
                }
            )
    return rows


def _detections(found: Sequence[Found]) -> list[dict[str, Any]]:
    return [
        {"image_id": image, "category_id": label, "bbox": box, "score": score}
        for image, detections in enumerate(found, start=1)
        for box, label, score in zip(
            _as_coco(detections.xyxy_N4)[0], detections.labels_N.tolist(), detections.scores_N.tolist(), strict=True
        )
    ]


def _as_coco(xyxy_N4: Floats) -> tuple[list[list[float]], Floats]:
    """Return boxes as left, top, width and height, and the latter two."""
    sides_N2 = xyxy_N4[:, 2:] - xyxy_N4[:, :2]
    return np.concatenate([xyxy_N4[:, :2], sides_N2], axis=1).tolist(), sides_N2

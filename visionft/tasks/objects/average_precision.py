"""Average precision as COCO defines it, by faster-coco-eval: the numbers that papers compare.

Shape suffixes: K classes, T IoU thresholds, R recall points, A ranges of area, D limits of detections.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rle import encode
from visionft.metrics.scores import Floats
from visionft.tasks.objects.mask_overlaps import Masks, mask_areas
from visionft.tasks.objects.matching import IOUS_T, MOST, Found, Truth

SIZES = ("small", "medium", "large")
"""Ranges of an object's area, bounded by 32 x 32 and 96 x 96 pixels."""

_LARGEST = 1e5**2
_AREAS = {"small": [0, 32**2], "medium": [32**2, 96**2], "large": [96**2, _LARGEST]}


def average_precision(
    found: Sequence[Found],
    truth: Sequence[Truth],
    classes: int,
    *,
    sizes: bool = True,
    masks: Sequence[Masks] | None = None,
) -> Floats:
    """Measure each class at each IoU threshold.

    Args:
        found: detections, one entry per image.
        truth: objects, one entry per image.
        classes: how many.
        sizes: whether to measure small, medium and large objects as well.
        masks: of each image, where it is these and not the boxes that are measured.

    Returns:
        ap_TKA: for A = all objects and, if asked for, ``SIZES``; NaN for a class without objects of the size.
    """
    # here and not above: not needed to read metrics
    from faster_coco_eval import COCO, COCOeval_faster

    truths = COCO(
        {
            "images": _images(len(truth), masks),
            "categories": [{"id": label, "name": str(label)} for label in range(classes)],
            "annotations": _annotations(truth, masks),
        }
    )
    evaluation = COCOeval_faster(truths, truths.loadRes(_detections(found, masks)), "segm" if masks else "bbox")
    evaluation.params.iouThrs = IOUS_T
    evaluation.params.maxDets = [MOST]
    evaluation.params.areaRngLbl = ["all", *(SIZES if sizes else ())]
    evaluation.params.areaRng = [[0, _LARGEST], *([_AREAS[size] for size in SIZES] if sizes else ())]
    evaluation.evaluate()
    evaluation.accumulate()
    precision_TRKAD: Floats = np.asarray(evaluation.eval["precision"])
    ap_TKA = precision_TRKAD[..., -1].mean(axis=1)
    return np.where(ap_TKA < 0, np.nan, ap_TKA)  # -1 stands for no objects


def _images(count: int, masks: Sequence[Masks] | None) -> list[dict[str, Any]]:
    sizes = [{"width": one.size[0], "height": one.size[1]} for one in masks] if masks else [{}] * count
    return [{"id": image, **size} for image, size in enumerate(sizes, start=1)]


def _annotations(truth: Sequence[Truth], masks: Sequence[Masks] | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, objects in enumerate(truth):
        boxes, sides = _as_coco(objects.xyxy_M4)
        areas = mask_areas(masks[place].truth) if masks else sides.prod(axis=1)
        places = _as_rle(masks[place].truth, masks[place].size) if masks else [{"bbox": box} for box in boxes]
        rows += [
            # from 1: the library takes 0 for no match
            {"id": number, "image_id": place + 1, "category_id": label, "area": area, "iscrowd": int(crowd), **where}
            for number, where, area, label, crowd in zip(
                range(len(rows) + 1, len(rows) + 1 + len(places)),
                places,
                areas.tolist(),
                objects.labels_M.tolist(),
                objects.crowd_M.tolist(),
                strict=True,
            )
        ]
    return rows


def _detections(found: Sequence[Found], masks: Sequence[Masks] | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, detections in enumerate(found):
        boxes, _ = _as_coco(detections.xyxy_N4)
        # with a box beside the mask, the library would take the box's area for the mask's
        places = _as_rle(masks[place].found, masks[place].size) if masks else [{"bbox": box} for box in boxes]
        rows += [
            {"image_id": place + 1, "category_id": label, "score": score, **where}
            for where, label, score in zip(
                places, detections.labels_N.tolist(), detections.scores_N.tolist(), strict=True
            )
        ]
    return rows


def _as_coco(xyxy_N4: Floats) -> tuple[list[list[float]], Floats]:
    """Return boxes as left, top, width and height, and the latter two."""
    sides_N2 = xyxy_N4[:, 2:] - xyxy_N4[:, :2]
    return np.concatenate([xyxy_N4[:, :2], sides_N2], axis=1).tolist(), sides_N2


def _as_rle(masks: Sequence[ObjectMask], size: tuple[int, int]) -> list[dict[str, Any]]:
    width, height = size
    # a crowd of every class is in a row of each, with the same mask
    counts = {mask: encode(mask, size) for mask in set(masks)}
    return [{"segmentation": {"size": [height, width], "counts": counts[mask]}} for mask in masks]

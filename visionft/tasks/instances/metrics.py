"""Every number that says how good the boxes and the masks of an instance segmentation are.

Shape suffixes: N detections, K classes, T IoU thresholds, A ranges of area; 5 the sides of a box (left, top, right,
bottom in pixels of one frame) and its class, 6 the same with a score before it.

What belongs to boxes is measured as for a detector. Masks have average precisions of their own, in which it is common
pixels that count, and the number of its pixels tells the size of an object. An object whose polygon nobody knows is
neither found nor missed there, and what lies in its box is neither right nor wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rasterization import fill_object
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError
from visionft.metrics.score import Score, in_words
from visionft.metrics.scores import Floats, optional
from visionft.tasks.instances.definition import InstanceSegmentationTask
from visionft.tasks.objects.average_precision import Areas, average_precision, coco_map, precision_by_size
from visionft.tasks.objects.averages import AT_50, ap_means, average_intervals
from visionft.tasks.objects.mask_overlaps import ImageMasks, mask_areas, mask_overlaps, read_masks
from visionft.tasks.objects.matching import DetectedObjects, TargetObjects, read_detections
from visionft.tasks.objects.metrics import ClassAP, DetectionMetrics, detection_metrics, quick_detection
from visionft.tasks.objects.precision_recall import rank

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class InstanceAP(ClassAP):
    """How well the objects of one class are found, and their pixels.

    Attributes:
        mask_ap: average precision of masks, mean over IoU thresholds 0.50 to 0.95; none without polygons.
        mask_ap50: average precision of masks at IoU 0.50; none without polygons.
    """

    mask_ap: float | None = None
    mask_ap50: float | None = None


@dataclass(frozen=True, slots=True)
class InstanceMetrics(DetectionMetrics):
    """What ``instance_metrics`` measures; fractions lie in 0..1. Thresholds, precision, recall and curves are of boxes.

    Attributes:
        mask_map: as ``map``, of masks.
        mask_map50: as ``map50``, of masks.
        mask_map75: as ``map75``, of masks.
        mask_map_100: as ``map_100``, of masks.
        mask_map_small: ``mask_map`` of objects below 32 x 32 pixels of their own; none when there are none.
        mask_map_medium: ``mask_map`` of objects between; none when there are none.
        mask_map_large: ``mask_map`` of objects above 96 x 96 pixels of their own; none when there are none.
        outlines: number of objects whose polygon is known, crowds left out.
    """

    scores: ClassVar[tuple[Score, ...]] = InstanceSegmentationTask.scores
    __repr__ = in_words
    _class_scores: ClassVar[type[ClassAP]] = InstanceAP

    per_class: Mapping[str, InstanceAP]
    mask_map: float
    mask_map50: float
    mask_map75: float
    mask_map_100: float
    mask_map_small: float | None
    mask_map_medium: float | None
    mask_map_large: float | None
    outlines: int


def instance_metrics(
    predictions: Sequence[NDArray[np.float32]],
    masks: Sequence[Sequence[ObjectMask]],
    targets: Sequence[Boxes],
    sizes: Sequence[tuple[int, int]],
    class_names: Sequence[str],
    *,
    thresholds: Sequence[float] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> InstanceMetrics:
    """Measure an instance segmentation.

    Args:
        predictions: detections_N6 of each image in its original frame; rows with score 0 are unused.
        masks: the mask of each of these rows, in the same frame.
        targets: the objects of each image with their polygons, one known at least; crowds and objects without a polygon
            take masks that they hold, and are no objects.
        sizes: (width, height) of each image.
        class_names: K different names in label order.
        thresholds: confidence from which on each class is believed, see ``detection_metrics``.
        bootstrap: resamples behind the intervals; 0 gives none.
        seed: the intervals are a function of it and the data.

    Returns:
        The scores; those of boxes are what ``detection_metrics`` gives.

    Raises:
        DataError: when there is nothing to measure, or the detections and masks do not fit the images and classes.
    """
    boxes = detection_metrics(predictions, targets, class_names, thresholds=thresholds, bootstrap=bootstrap, seed=seed)
    classes = len(class_names)
    objects = [TargetObjects.of(one, classes) for one in targets]
    images = _read(
        predictions, masks, objects, [_paint(*image) for image in zip(targets, sizes, strict=False)], sizes, classes
    )
    overlaps = images.overlaps
    ranked = rank(images.predictions, images.targets, classes, overlaps=overlaps)
    if not (outlines := sum(int(one.objects_N.sum()) for one in ranked)):
        raise DataError(f"outlines: {len(targets)} images without an object whose outline is known; nothing to measure")
    ap_KT = average_precision(ranked)
    by_size = precision_by_size(images.predictions, images.targets, classes, images.areas, overlaps)
    averages = {name: float(value) for name, value in ap_means(ap_KT).items()}
    intervals = average_intervals(ranked, averages, resamples=bootstrap, seed=seed) if bootstrap else {}
    per_class = {
        name: InstanceAP(
            **_values(scores),
            mask_ap=optional(ap_KT[k].mean()),
            mask_ap50=optional(ap_KT[k, AT_50]),
        )
        for k, (name, scores) in enumerate(boxes.per_class.items())
    }
    measured = {
        **_values(boxes),
        **_of_masks(averages),
        "mask_map_100": coco_map(ranked),
        **{f"mask_map_{size}": value for size, value in by_size.items()},
        "per_class": per_class,
        "intervals": boxes.intervals | _of_masks(intervals),
    }
    return InstanceMetrics(**measured, outlines=outlines)


def quick_instances(
    predictions: Sequence[NDArray[np.float32]],
    masks: Sequence[Sequence[ObjectMask]],
    targets: Sequence[NDArray[np.float32]],
    target_masks: Sequence[Sequence[ObjectMask | None]],
    sizes: Sequence[tuple[int, int]],
    classes: int,
) -> dict[str, float]:
    """Score one validation pass, as ``instance_metrics`` does, but with 0 for what is not defined.

    Args:
        predictions: detections_N6 of each canvas; rows with score 0 are unused.
        masks: the mask of each of these rows.
        targets: boxes_N5 of each canvas; rows of ``PADDING`` are left out, and a ``CROWD`` is one of every class.
        target_masks: the mask of each of these rows; None where nobody knows the polygon, and for padding.
        sizes: (width, height) of each canvas.
        classes: how many.

    Returns:
        map, map50 and map75 of boxes, and the same of masks: mask_map, mask_map50 and mask_map75.

    Raises:
        DataError: when the detections and masks do not fit the images and classes.
    """
    boxes = quick_detection(predictions, targets, classes)
    objects = [TargetObjects.on_canvas(boxes_N5, classes) for boxes_N5 in targets]
    images = _read(predictions, masks, objects, target_masks, sizes, classes)
    ap_KT = average_precision(rank(images.predictions, images.targets, classes, overlaps=images.overlaps))
    return boxes | _of_masks({name: float(np.nan_to_num(value)) for name, value in ap_means(ap_KT).items()})


class _Images(NamedTuple):
    """Detections, objects and masks, one entry per image."""

    predictions: list[DetectedObjects]
    targets: list[TargetObjects]
    masks: list[ImageMasks]

    @property
    def overlaps(self) -> list[Floats]:
        """overlap_NM of each image."""
        return [mask_overlaps(one, objects.crowd_M) for one, objects in zip(self.masks, self.targets, strict=True)]

    @property
    def areas(self) -> list[Areas]:
        """The pixels of each mask of each image."""
        return [Areas(mask_areas(one.predictions), mask_areas(one.targets)) for one in self.masks]


def _read(
    predictions: Sequence[NDArray[np.float32]],
    masks: Sequence[Sequence[ObjectMask]],
    targets: Sequence[TargetObjects],
    target_masks: Sequence[Sequence[ObjectMask | None]],
    sizes: Sequence[tuple[int, int]],
    classes: int,
) -> _Images:
    for name, given in (("masks", masks), ("sizes", sizes), ("outlines", target_masks)):
        if len(given) != len(targets):
            raise DataError(f"{name}: of {len(given)} images given; {len(targets)} are needed")
    for rows_N6, masks_N in zip(predictions, masks, strict=True):
        if len(rows_N6) != len(masks_N):
            raise DataError(f"masks: {len(masks_N)} of {len(rows_N6)} detections given; one of each is needed")
    kept = read_detections(predictions, targets, classes)
    read = [read_masks(*image) for image in zip(kept, masks, targets, target_masks, sizes, strict=True)]
    return _Images(kept, [objects for objects, _ in read], [one for _, one in read])


def _paint(boxes: Boxes, size: tuple[int, int]) -> list[ObjectMask | None]:
    if not boxes.polygons:
        return [None] * len(boxes)
    return [fill_object(polygon.points, size) if polygon.rings else None for polygon in boxes.polygons]


def _values(scores: DetectionMetrics | ClassAP) -> dict[str, Any]:
    return {field.name: getattr(scores, field.name) for field in fields(scores)}


def _of_masks(scores: Mapping[str, Value]) -> dict[str, Value]:
    return {f"mask_{name}": value for name, value in scores.items()}

"""Every number that says how good a detector is.

Shape suffixes: N detections, objects or images, K classes, T IoU thresholds, R resamples, A ranges of area; 5 the
sides of a box (left, top, right, bottom in pixels of one frame) and its class, 6 the same with a score before it.

Averages are over the classes that have objects. A number that is not defined is None, in Python as in JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError
from visionft.metrics.bootstrap import Interval, draw_counts, percentile_intervals
from visionft.metrics.score import Score, in_words
from visionft.metrics.scores import Floats, Ints, optional, ratio
from visionft.tasks.objects.average_precision import Areas, average_precision, coco_map, precision_by_size
from visionft.tasks.objects.averages import AT_50, ap_means, average_intervals
from visionft.tasks.objects.definition import BOX_SCORES
from visionft.tasks.objects.matching import IOUS_T, TargetObjects, read_detections
from visionft.tasks.objects.precision_recall import (
    CurvePoint,
    Operating,
    Ranked,
    best_threshold,
    curve,
    operate,
    rank,
)

__all__ = [
    "ClassAP",
    "CurvePoint",
    "DetectionMetrics",
    "best_thresholds",
    "detection_metrics",
    "quick_detection",
]


@dataclass(frozen=True, slots=True)
class ClassAP:
    """How well the objects of one class are found.

    Attributes:
        ap: average precision, mean over IoU thresholds 0.50 to 0.95; none without objects.
        ap50: average precision at IoU 0.50; none without objects.
        threshold: confidence from which on detections are believed.
        precision: fraction of the believed detections that find an object, at IoU 0.50; none when there are none.
        recall: fraction of the objects that are found by them; none without objects.
        f1: harmonic mean of both; none when there are neither detections nor objects.
        objects: number of objects, crowds left out.
        curve: recall and precision at IoU 0.50 by falling confidence; empty without objects or detections.
    """

    ap: float | None
    ap50: float | None
    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None
    objects: int
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class DetectionMetrics:
    """What ``detection_metrics`` measures; fractions lie in 0..1.

    Attributes:
        map: mean average precision over the classes and the IoU thresholds 0.50, 0.55, ..., 0.95, as COCO defines it,
            but that all detections of an image count.
        map50: mean average precision at IoU 0.50.
        map75: mean average precision at IoU 0.75.
        map_100: ``map`` as COCO has it: the 100 detections of an image and class with the highest scores count.
        map_small: ``map`` of objects below 32 x 32 pixels; none when there are none.
        map_medium: ``map`` of objects between; none when there are none.
        map_large: ``map`` of objects above 96 x 96 pixels; none when there are none.
        precision: fraction of the believed detections of all classes that find an object, at IoU 0.50; none without.
        recall: fraction of the objects of all classes that they find.
        per_class: scores by class name, in label order.
        intervals: 95 % bootstrap interval, over images, of map, map50, map75, precision and recall; see
            ``average_intervals``.
        objects: number of objects, crowds left out.
        most_detections: the largest number of detections of an image.
        n: number of images.
    """

    scores: ClassVar[tuple[Score, ...]] = BOX_SCORES
    __repr__ = in_words
    _class_scores: ClassVar[type[ClassAP]] = ClassAP

    map: float
    map50: float
    map75: float
    map_100: float
    map_small: float | None
    map_medium: float | None
    map_large: float | None
    precision: float | None
    recall: float | None
    per_class: Mapping[str, ClassAP]
    intervals: dict[str, Interval]
    objects: int
    most_detections: int
    n: int

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The confidence from which on each class is believed, in label order."""
        return tuple(scores.threshold for scores in self.per_class.values())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain = asdict(self)
        for scores in plain["per_class"].values():
            scores["curve"] = [list(point) for point in scores["curve"]]
        return plain | {"intervals": {name: list(interval) for name, interval in self.intervals.items()}}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what ``to_dict`` returned, also after a round trip through JSON."""
        per_class = {
            name: cls._class_scores(**{**scores, "curve": tuple(CurvePoint(*point) for point in scores["curve"])})
            for name, scores in plain["per_class"].items()
        }
        intervals = {name: (low, high) for name, (low, high) in plain["intervals"].items()}
        return cls(**{**plain, "per_class": per_class, "intervals": intervals})


def detection_metrics(
    predictions: Sequence[NDArray[np.float32]],
    targets: Sequence[Boxes],
    class_names: Sequence[str],
    *,
    thresholds: Sequence[float] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> DetectionMetrics:
    """Measure a detector.

    Args:
        predictions: detections_N6 of each image in its original frame; rows with score 0 are unused.
        targets: the objects of each image, at least one in all; crowds take detections that they hold, and are no
            objects.
        class_names: K different names in label order.
        thresholds: confidence from which on each class is believed; without, those with the best F1 on these very
            images, which then are somewhat optimistic about precision and recall.
        bootstrap: resamples behind the intervals; 0 gives none.
        seed: the intervals are a function of it and the data.

    Returns:
        The scores.

    Raises:
        DataError: when there is nothing to measure, or the detections do not fit the classes.
    """
    classes = len(class_names)
    if len(set(class_names)) != classes:
        raise DataError(f"class names: {classes} given, {len(set(class_names))} of them different; all must be")
    if thresholds is not None and len(thresholds) != classes:
        raise DataError(f"thresholds: {len(thresholds)} given; {classes} are needed, one for each class")
    objects = [TargetObjects.of(boxes, classes) for boxes in targets]
    kept = read_detections(predictions, objects, classes)
    if not sum(len(boxes.class_counts) for boxes in targets):
        raise DataError(f"boxes: {len(targets)} images without an object; nothing to measure")
    ranked = rank(kept, objects, classes)
    ap_KT = average_precision(ranked)
    areas = [Areas.of_boxes(*image) for image in zip(kept, objects, strict=True)]
    chosen = list(thresholds) if thresholds is not None else [best_threshold(one) for one in ranked]
    operating = [operate(one, threshold) for one, threshold in zip(ranked, chosen, strict=True)]
    averages = {name: float(value) for name, value in ap_means(ap_KT).items()}
    fractions = {name: optional(value) for name, value in _precision_recall(_pooled(operating).sum(axis=0)).items()}
    return DetectionMetrics(
        map=averages["map"],
        map50=averages["map50"],
        map75=averages["map75"],
        map_100=coco_map(ranked),
        precision=fractions["precision"],
        recall=fractions["recall"],
        **{f"map_{size}": value for size, value in precision_by_size(kept, objects, classes, areas).items()},
        per_class={
            name: _class_scores(ap_KT[k], ranked[k], operating[k], chosen[k]) for k, name in enumerate(class_names)
        },
        intervals=_intervals(ranked, operating, averages, bootstrap, seed) if bootstrap else {},
        objects=sum(int(one.objects_N.sum()) for one in ranked),
        most_detections=max(len(one.scores_N) for one in kept),
        n=len(targets),
    )


def quick_detection(
    predictions: Sequence[NDArray[np.float32]], targets: Sequence[NDArray[np.float32]], classes: int
) -> dict[str, float]:
    """Score one validation pass, as ``detection_metrics`` does, but with 0 for what is not defined.

    Args:
        predictions: detections_N6 of each canvas; rows with score 0 are unused.
        targets: boxes_N5 of each canvas; rows of ``PADDING`` are left out, and a ``CROWD`` is one of every class.
        classes: how many.

    Returns:
        map, map50 and map75.

    Raises:
        DataError: when the detections do not fit the classes.
    """
    objects = [TargetObjects.on_canvas(boxes_N5, classes) for boxes_N5 in targets]
    kept = read_detections(predictions, objects, classes)
    ap_KT = average_precision(rank(kept, objects, classes))
    return {name: float(np.nan_to_num(value)) for name, value in ap_means(ap_KT).items()}


def best_thresholds(
    predictions: Sequence[NDArray[np.float32]], targets: Sequence[Boxes], classes: int
) -> tuple[float, ...]:
    """Return for each class the confidence with the best F1 at IoU 0.50, see ``best_threshold``.

    Args:
        predictions: detections_N6 of each image in its original frame.
        targets: the objects of each image.
        classes: how many.

    Raises:
        DataError: when the detections do not fit the classes.
    """
    objects = [TargetObjects.of(boxes, classes) for boxes in targets]
    kept = read_detections(predictions, objects, classes)
    return tuple(best_threshold(ranked) for ranked in rank(kept, objects, classes, IOUS_T[:1]))


def _precision_recall(counts_3: Floats | Ints) -> dict[str, Floats]:
    """Score (..., 3) counts of hits, detections and objects."""
    hits, predicted, objects = np.moveaxis(counts_3, -1, 0)
    return {"precision": ratio(hits, predicted), "recall": ratio(hits, objects)}


def _pooled(operating: Sequence[Operating]) -> Ints:
    """Add up hits, detections and objects of all classes; shape (N, 3)."""
    return np.stack([np.sum(counts_KN, axis=0) for counts_KN in zip(*operating, strict=True)], axis=-1)


def _intervals(
    ranked: Sequence[Ranked], operating: Sequence[Operating], averages: Mapping[str, float], resamples: int, seed: int
) -> dict[str, Interval]:
    counts_N3 = _pooled(operating)

    def resampled(draw_RN: Ints) -> dict[str, Floats]:
        return _precision_recall(draw_counts(draw_RN) @ counts_N3)

    fractions = percentile_intervals(resampled, len(counts_N3), resamples=resamples, seed=seed)
    return average_intervals(ranked, averages, resamples=resamples, seed=seed) | fractions


def _class_scores(ap_T: Floats, ranked: Ranked, operating: Operating, threshold: float) -> ClassAP:
    hits, predicted, objects = (counts_N.sum() for counts_N in operating)
    return ClassAP(
        ap=optional(ap_T.mean()),
        ap50=optional(ap_T[AT_50]),
        threshold=threshold,
        precision=optional(ratio(hits, predicted)),
        recall=optional(ratio(hits, objects)),
        f1=optional(ratio(2 * hits, predicted + objects)),
        objects=int(objects),
        curve=curve(ranked),
    )

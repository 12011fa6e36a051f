"""Precision and recall along the ranking of a class's detections, for one set of images or many resamples of it.

Shape suffixes: N images, D detections of one class by falling score, H those that hit, T IoU thresholds, R resamples
or recall points of AP, P points of a curve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from visionft.metrics.scores import Floats, Ints, ratio
from visionft.tasks.objects.matching import IOUS_T, NOBODY, DetectedObjects, Flags, TargetObjects, match

_RECALLS = np.linspace(0.0, 1.0, 101)  # where COCO reads the precision
_BLOCK_ENTRIES = 2_000_000  # resampled detections in one go: tens of MB
_CURVE_POINTS = 60
LEAST_THRESHOLD, NO_THRESHOLD = 0.01, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """All detections of one class.

    Attributes:
        scores_D: falling.
        images_D: which image each is in.
        hit_DT: whether it finds an object.
        ignored_DT: whether it counts neither for nor against, since it lies in a crowd.
        objects_N: how many objects each image has, crowds left out.
    """

    scores_D: Floats
    images_D: Ints
    hit_DT: Flags
    ignored_DT: Flags
    objects_N: Ints

    def best(self, number: int) -> "Ranked":
        """Return the ranking of that many detections of each image, those with the highest scores."""
        order_D = np.argsort(self.images_D, kind="stable")
        sorted_D = self.images_D[order_D]
        place_D = np.empty_like(order_D)
        place_D[order_D] = np.arange(len(order_D)) - np.searchsorted(sorted_D, sorted_D)
        kept_D = place_D < number
        if kept_D.all():
            return self
        return Ranked(
            self.scores_D[kept_D],
            self.images_D[kept_D],
            self.hit_DT[kept_D],
            self.ignored_DT[kept_D],
            self.objects_N,
        )


class CurvePoint(NamedTuple):
    """What is found, and how much of it is right, when detections from a confidence on are believed."""

    recall: float
    precision: float
    confidence: float


class Operating(NamedTuple):
    """What a class has at one confidence: hits, detections that count, and objects of each image."""

    hits_N: Ints
    predicted_N: Ints
    objects_N: Ints


class Outside(NamedTuple):
    """Which detections and objects of an image are of another size than the one that is measured."""

    detected_N: Flags
    target_M: Flags


def rank(
    predictions: Sequence[DetectedObjects],
    targets: Sequence[TargetObjects],
    classes: int,
    ious_T: Floats = IOUS_T,
    overlaps: Sequence[Floats] | None = None,
    outside: Sequence[Outside] | None = None,
) -> list[Ranked]:
    """Match the detections of every image, and put those of each class in order.

    Args:
        predictions: detections, one entry per image.
        targets: objects, one entry per image.
        classes: how many.
        ious_T: overlaps to reach.
        overlaps: overlap_NM of each image, where it is not boxes that count, see ``match``.
        outside: what counts neither for nor against, one entry per image; objects are left out, and detections where
            they find nothing that is measured.

    Returns:
        One for each class; detections of the same score stay in the order of the images.
    """
    nothing = [None] * len(predictions)
    images = zip(predictions, targets, overlaps or nothing, outside or nothing, strict=True)
    matched = [_matched(*image, ious_T) for image in images]
    hit_DT, ignored_DT = (
        np.concatenate([np.empty((0, len(ious_T)), np.bool_), *rows])
        for rows in ([one.hit_NT for one in matched], [one.ignored_NT for one in matched])
    )
    scores_D, labels_D = (
        np.concatenate([np.empty(0), *(getattr(one, name) for one in predictions)]) for name in ("scores_N", "labels_N")
    )
    images_D = np.repeat(np.arange(len(predictions)), [len(one.labels_N) for one in predictions])
    counts_NK = np.array([np.bincount(one.labels_M, minlength=classes) for one in matched])
    ranked = []
    for label in range(classes):
        mine = np.flatnonzero(labels_D == label)
        mine = mine[np.argsort(-scores_D[mine], kind="stable")]
        ranked.append(Ranked(scores_D[mine], images_D[mine], hit_DT[mine], ignored_DT[mine], counts_NK[:, label]))
    return ranked


class _Matched(NamedTuple):
    """The detections of an image: which find an object, which do not count; and the classes of the objects that do."""

    hit_NT: Flags
    ignored_NT: Flags
    labels_M: Ints


def _matched(
    predictions: DetectedObjects,
    targets: TargetObjects,
    overlap_NM: Floats | None,
    outside: Outside | None,
    ious_T: Floats,
) -> _Matched:
    ignored_M = targets.crowd_M if outside is None else targets.crowd_M | outside.target_M
    object_NT = match(predictions, targets, ious_T, overlap_NM, ignored_M)
    nothing_NT = object_NT == NOBODY
    ignored_NT = np.append(ignored_M, False)[object_NT]  # the last one is for NOBODY, which indexes it
    if outside is not None:
        ignored_NT = ignored_NT | (nothing_NT & outside.detected_N[:, None])
    return _Matched(~nothing_NT & ~ignored_NT, ignored_NT, targets.labels_M[~ignored_M])


def weighted_ap(ranked: Ranked, weights_RN: Floats) -> Floats:
    """Return average precision as COCO defines it for R weightings of the images, such as a bootstrap's.

    Precision can only have a maximum at a hit, and recall only grows there, so nothing else is looked at.

    Args:
        ranked: the detections of a class.
        weights_RN: how often each image is in each resample.

    Returns:
        ap_RT, NaN where a weighting leaves no object.
    """
    rows = max(1, _BLOCK_ENTRIES // max(1, len(ranked.scores_D)))
    blocks = [_weighted_ap(ranked, weights_RN[start : start + rows]) for start in range(0, len(weights_RN), rows)]
    return np.concatenate(blocks)


def _weighted_ap(ranked: Ranked, weights_RN: Floats) -> Floats:
    objects_R = weights_RN @ ranked.objects_N
    weights_RD = weights_RN[:, ranked.images_D]
    counted_RD = weights_RD.cumsum(axis=1)
    ap_RT = np.zeros((len(weights_RN), ranked.hit_DT.shape[1]))
    for t in range(ap_RT.shape[1]):
        hits, ignored = np.flatnonzero(ranked.hit_DT[:, t]), np.flatnonzero(ranked.ignored_DT[:, t])
        hits_RH = weights_RD[:, hits].cumsum(axis=1)
        counted_RH = counted_RD[:, hits]
        if len(ignored):
            without = np.zeros((len(weights_RN), len(ignored) + 1))
            np.cumsum(weights_RD[:, ignored], axis=1, out=without[:, 1:])
            counted_RH = counted_RH - without[:, np.searchsorted(ignored, hits)]
        precision_RH = np.divide(hits_RH, counted_RH, out=np.zeros_like(hits_RH), where=counted_RH > 0)
        envelope_RH = np.maximum.accumulate(precision_RH[:, ::-1], axis=1)[:, ::-1]
        # the points of recall up to each hit, compared as COCO compares them
        reached_RH = np.searchsorted(_RECALLS, ratio(hits_RH, objects_R[:, None]), side="right")
        ap_RT[:, t] = (envelope_RH * np.diff(reached_RH, axis=1, prepend=0)).sum(axis=1) / len(_RECALLS)
    ap_RT[objects_R == 0] = np.nan
    return ap_RT


def curve(ranked: Ranked) -> tuple[CurvePoint, ...]:
    """Return recall and precision at the first IoU threshold, by falling confidence, thinned to what a chart shows."""
    ends_P, hits_P, counted_P = _totals(ranked)
    objects = int(ranked.objects_N.sum())
    if not objects:
        return ()
    keep_P = counted_P > 0
    ends_P, hits_P, counted_P = ends_P[keep_P], hits_P[keep_P], counted_P[keep_P]
    if len(ends_P) > _CURVE_POINTS:
        # evenly along the recall, with the first and the last point
        chosen = np.searchsorted(hits_P, np.linspace(hits_P[0], hits_P[-1], _CURVE_POINTS - 1))
        places = np.unique([*chosen, len(hits_P) - 1])
        ends_P, hits_P, counted_P = ends_P[places], hits_P[places], counted_P[places]
    return tuple(
        CurvePoint(hits / objects, hits / counted, score)
        for hits, counted, score in zip(
            hits_P.tolist(), counted_P.tolist(), ranked.scores_D[ends_P].tolist(), strict=True
        )
    )


def best_threshold(ranked: Ranked) -> float:
    """Return the confidence with the best F1 at the first IoU threshold.

    It lies half-way between the last detection that it lets pass and the next, so that rounding does not move a
    detection across; of equally good ones it is the highest. It is at least ``LEAST_THRESHOLD``, and
    ``NO_THRESHOLD`` when no detection of the class is right.
    """
    ends_P, hits_P, counted_P = _totals(ranked)
    scores_P = ranked.scores_D[ends_P]
    f1_P = ratio(2 * hits_P, counted_P + ranked.objects_N.sum())
    f1_P = np.where(scores_P >= LEAST_THRESHOLD, np.nan_to_num(f1_P), 0.0)
    if not f1_P.any():
        return NO_THRESHOLD
    best = int(f1_P.argmax())
    lower = float(scores_P[best + 1]) if best + 1 < len(scores_P) else 0.0
    # as float32, which scores are compared in
    middle = float(np.float32((float(scores_P[best]) + lower) / 2))
    return max(middle if middle > lower else float(scores_P[best]), LEAST_THRESHOLD)


def operate(ranked: Ranked, threshold: float) -> Operating:
    """Count hits and detections from a confidence on, at the first IoU threshold."""
    images = len(ranked.objects_N)
    believed_D = ranked.scores_D >= threshold
    hit_D, counted_D = believed_D & ranked.hit_DT[:, 0], believed_D & ~ranked.ignored_DT[:, 0]
    hits_N, predicted_N = (np.bincount(ranked.images_D[chosen_D], minlength=images) for chosen_D in (hit_D, counted_D))
    return Operating(hits_N, predicted_N, ranked.objects_N)


def _totals(ranked: Ranked) -> tuple[Ints, Ints, Ints]:
    """Return, at the last detection of each score, its place and the hits and detections counted up to it."""
    last_D = np.append(ranked.scores_D[1:] < ranked.scores_D[:-1], True)[: len(ranked.scores_D)]
    ends_P = np.flatnonzero(last_D)
    hits_D, counted_D = ranked.hit_DT[:, 0].cumsum(), (~ranked.ignored_DT[:, 0]).cumsum()
    return ends_P, hits_D[ends_P], counted_D[ends_P]

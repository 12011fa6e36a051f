"""Which detection finds which object: the rule of COCO, for several IoU thresholds at once.

Shape suffixes: N detections, M objects, K classes, T IoU thresholds; 4 sides of a box (left, top, right, bottom in
pixels of one frame), 5 the same with a class, 6 with a score and a class.

Source:
    Lin et al. (2014), Microsoft COCO: Common Objects in Context, arXiv 1405.0312, and the evaluation published with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.boxes import pairwise_iou
from visionft.annotations.marks import CROWD, PADDING
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError
from visionft.metrics.scores import Floats, Ints

Flags = NDArray[np.bool_]

IOUS_T: Floats = np.linspace(0.5, 0.95, 10)
"""What an overlap must reach: the thresholds of COCO."""

_BLOCK_ENTRIES = 4_000_000  # overlaps of detections and objects that are computed at once: tens of MB

NOBODY = -1
"""In the place of an object: there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class TargetObjects:
    """The objects of one image as arrays.

    Attributes:
        xyxy_M4: half-open boxes.
        labels_M: class indices.
        crowd_M: which rows stand for many objects at once.
        rows_M: which of the given objects each is.
    """

    xyxy_M4: Floats
    labels_M: Ints
    crowd_M: Flags
    rows_M: Ints

    @classmethod
    def of(cls, boxes: Boxes, classes: int) -> "TargetObjects":
        """Read the objects of a sample."""
        xyxy_M4 = np.array(boxes.xyxy, np.float64).reshape(-1, 4)
        labels_M, crowd_M = np.array(boxes.labels, np.int64), np.array(boxes.crowd, np.bool_)
        return cls._spread(xyxy_M4, labels_M, crowd_M, np.arange(len(boxes)), classes)

    @classmethod
    def on_canvas(cls, boxes_N5: NDArray[np.float32], classes: int) -> "TargetObjects":
        """Read rows of a batch; a crowd, whose class a batch does not know, is one of every class."""
        rows_M = np.flatnonzero(boxes_N5[:, 4] != PADDING)
        used_M5 = boxes_N5[rows_M]
        labels_M = used_M5[:, 4].astype(np.int64)
        return cls._spread(used_M5[:, :4].astype(np.float64), labels_M, labels_M == CROWD, rows_M, classes)

    @classmethod
    def _spread(cls, xyxy_M4: Floats, labels_M: Ints, crowd_M: Flags, rows_M: Ints, classes: int) -> "TargetObjects":
        """Make a crowd of every class one of each; the rows that this takes come behind those given."""
        every_M = labels_M == CROWD
        others = np.tile(np.arange(1, classes), np.count_nonzero(every_M))
        return cls(
            np.concatenate([xyxy_M4, xyxy_M4[every_M].repeat(classes - 1, axis=0)]),
            np.concatenate([np.where(every_M, 0, labels_M), others]),
            np.concatenate([crowd_M, np.ones(len(others), np.bool_)]),
            np.concatenate([rows_M, rows_M[every_M].repeat(classes - 1)]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class DetectedObjects:
    """The detections of one image, by falling score.

    Attributes:
        xyxy_N4: half-open boxes.
        scores_N: above 0.
        labels_N: class indices.
        rows_N: which of the given detections each is.
    """

    xyxy_N4: Floats
    scores_N: Floats
    labels_N: Ints
    rows_N: Ints

    @classmethod
    def of(cls, detections_N6: NDArray[np.float32], classes: int) -> "DetectedObjects":
        """Read detections; rows with score 0 are unused.

        Raises:
            DataError: when they are of another shape, not finite, or of a class that is not there.
        """
        if detections_N6.ndim != 2 or detections_N6.shape[1] != 6:
            raise DataError(f"detections: an array of shape {detections_N6.shape} found; allowed is (number, 6)")
        if not np.isfinite(detections_N6).all():
            raise DataError("detections: values that are not finite found; the network's weights may be damaged")
        rows_N = np.flatnonzero(detections_N6[:, 4] > 0)
        rows_N = rows_N[np.argsort(-detections_N6[rows_N, 4], kind="stable")]
        used_N6 = detections_N6[rows_N].astype(np.float64)
        labels_N = used_N6[:, 5].astype(np.int64)
        if outside := sorted(set(labels_N.tolist()) - set(range(classes))):
            raise DataError(f"detections: class {outside[0]} found; allowed are 0..{classes - 1}")
        return cls(used_N6[:, :4], used_N6[:, 4], labels_N, rows_N)

    def only(self, wanted_N: Flags) -> "DetectedObjects":
        """Return the detections at which a mask is true."""
        return DetectedObjects(
            self.xyxy_N4[wanted_N], self.scores_N[wanted_N], self.labels_N[wanted_N], self.rows_N[wanted_N]
        )


def read_detections(
    predictions: Sequence[NDArray[np.float32]], targets: Sequence[TargetObjects], classes: int
) -> list[DetectedObjects]:
    """Read the detections of several images, and check that they and the objects fit together.

    Args:
        predictions: detections_N6 of each image.
        targets: the objects of each.
        classes: how many.

    Raises:
        DataError: when they do not.
    """
    if len(predictions) != len(targets):
        raise DataError(f"detections: of {len(predictions)} images given; {len(targets)} are needed")
    for objects in targets:
        if outside := sorted(set(objects.labels_M.tolist()) - set(range(classes))):
            raise DataError(f"boxes: class {outside[0]} found; allowed are 0..{classes - 1}")
    return [DetectedObjects.of(detections_N6, classes) for detections_N6 in predictions]


def match(
    predictions: DetectedObjects,
    targets: TargetObjects,
    ious_T: Floats = IOUS_T,
    overlap_NM: Floats | None = None,
    ignored_M: Flags | None = None,
) -> Ints:
    """Give each detection, by falling score, the free object of its class that it overlaps most.

    Args:
        predictions: detections.
        targets: objects; a crowd takes any number of detections, but only those that no object takes.
        ious_T: rising thresholds.
        overlap_NM: how far each overlaps each, where it is not their boxes that count.
        ignored_M: which objects are not measured; crowds, where nothing is said. These come after all others.

    Returns:
        object_NT: row of the object, ``NOBODY`` where no overlap reaches the threshold.
    """
    object_NT = np.full((len(predictions.labels_N), len(ious_T)), NOBODY)
    ignored_M = targets.crowd_M if ignored_M is None else ignored_M
    free_MT = np.ones((len(targets.labels_M), len(ious_T)), np.bool_)
    rows = max(1, _BLOCK_ENTRIES // max(1, len(targets.labels_M)))
    for start in range(0, len(object_NT), rows):
        iou_BM = _overlaps_within_classes(predictions, targets, overlap_NM, slice(start, start + rows))
        reached_BM = iou_BM >= ious_T[0]
        for row in np.flatnonzero(reached_BM.any(axis=1)):
            object_T, iou_M = object_NT[start + row], iou_BM[row]
            candidates = np.flatnonzero(reached_BM[row])
            # what is measured before what is not, then the largest overlap, and of equal ones the last
            order = np.lexsort((-candidates, -iou_M[candidates], ignored_M[candidates]))
            for m in candidates[order]:
                taken_T = (object_T == NOBODY) & free_MT[m] & (iou_M[m] >= ious_T)
                object_T[taken_T] = m
                if not targets.crowd_M[m]:
                    free_MT[m] &= ~taken_T
    return object_NT


def _overlaps_within_classes(
    predictions: DetectedObjects, targets: TargetObjects, overlap_NM: Floats | None, rows: slice
) -> Floats:
    """Return how far some of the detections overlap each object, 0 for one of another class."""
    if overlap_NM is None:
        overlap_BM = pairwise_iou(predictions.xyxy_N4[rows], targets.xyxy_M4, targets.crowd_M)
    else:
        overlap_BM = overlap_NM[rows]
    return np.where(predictions.labels_N[rows, None] == targets.labels_M, overlap_BM, 0.0)

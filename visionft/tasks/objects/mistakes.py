"""What each detection of an image is: right, or wrong in which way.

Shape suffixes: N detections, M objects, 6 the sides of a box (left, top, right, bottom in pixels), score and class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.boxes import pairwise_iou
from visionft.data.targets.boxes import Boxes
from visionft.metrics.scores import Floats
from visionft.tasks.objects.matching import NOBODY, DetectedObjects, TargetObjects, match

Mistake: TypeAlias = Literal["class", "overlap", "duplicate", "background"]
MISTAKES: tuple[Mistake, ...] = get_args(Mistake)

Side4: TypeAlias = tuple[float, float, float, float]

_LEAST_OVERLAP = 0.1  # less is a coincidence


@dataclass(frozen=True, slots=True)
class Detected:
    """One believed detection.

    Attributes:
        box: left, top, right and bottom in pixels.
        label: class index.
        score: confidence.
        object: which object it finds or, when it is wrong, overlaps most; none when there is none.
        iou: how far it overlaps that object.
        mistake: none when it is right; else ``duplicate``: a more confident one has found the object; ``class``: the
            object is of another class; ``overlap``: too little of it is covered, of whatever class it is;
            ``background``: no object is near.
        row: which of the given detections it is.
    """

    box: Side4
    label: int
    score: float
    object: int | None
    iou: float
    mistake: Mistake | None
    row: int


@dataclass(frozen=True, slots=True)
class ImageMatch:
    """The detections of an image beside its objects.

    Attributes:
        detected: the believed detections by falling score; those that a crowd takes are left out.
        missed: places, in the image's boxes, of the objects that nothing found.
        objects: number of objects, crowds left out.
    """

    detected: tuple[Detected, ...]
    missed: tuple[int, ...]
    objects: int

    @property
    def right(self) -> tuple[Detected, ...]:
        """The detections that find an object."""
        return tuple(one for one in self.detected if one.mistake is None)

    @property
    def wrong(self) -> tuple[Detected, ...]:
        """The detections that do not."""
        return tuple(one for one in self.detected if one.mistake is not None)

    @property
    def badness(self) -> float:
        """How much is wrong: the number of missed objects plus the confidence of the wrong detections."""
        return len(self.missed) + sum(one.score for one in self.wrong)


def match_image(
    detections_N6: NDArray[np.float32], boxes: Boxes, *, thresholds: Sequence[float], iou: float = 0.5
) -> ImageMatch:
    """Classify each detection of an image: right, or which kind of mistake.

    Args:
        detections_N6: detections; rows with score 0 are unused.
        boxes: the objects, in the same frame.
        thresholds: for each class the confidence from which on its detections are believed.
        iou: overlap that a detection must reach.

    Returns:
        Hits, mistakes and misses, matched as for the metrics.

    Raises:
        DataError: when the detections do not fit the classes.

    Source:
        The kinds of mistakes are those of Bolya et al. (2020), TIDE: A General Toolbox for Identifying Object
        Detection Errors, section 2.2, where a poor overlap with another class is a kind of its own.
    """
    predictions, targets = DetectedObjects.of(detections_N6, len(thresholds)), TargetObjects.of(boxes, len(thresholds))
    predictions = predictions.only(predictions.scores_N >= np.array(thresholds)[predictions.labels_N])
    objects_N = match(predictions, targets, np.array([iou]))[:, 0]
    overlap_NM = pairwise_iou(predictions.xyxy_N4, targets.xyxy_M4, targets.crowd_M)
    detected = [
        _detected(predictions, n, int(objects_N[n]), overlap_NM[n], targets, iou)
        for n in range(len(objects_N))
        if objects_N[n] == NOBODY or not targets.crowd_M[objects_N[n]]
    ]
    missed = sorted(set(np.flatnonzero(~targets.crowd_M).tolist()) - set(objects_N.tolist()))
    return ImageMatch(tuple(detected), tuple(missed), int(np.count_nonzero(~targets.crowd_M)))


def _detected(
    predictions: DetectedObjects, n: int, matched: int, overlap_M: Floats, targets: TargetObjects, iou: float
) -> Detected:
    left, top, right, bottom = predictions.xyxy_N4[n].tolist()
    mistake: Mistake | None = None
    nearest = matched
    if matched == NOBODY:
        mistake, nearest = _mistake(
            np.where(targets.crowd_M, 0.0, overlap_M), targets.labels_M == predictions.labels_N[n], iou
        )
    return Detected(
        box=(left, top, right, bottom),
        label=int(predictions.labels_N[n]),
        score=float(predictions.scores_N[n]),
        object=None if nearest == NOBODY else nearest,
        iou=0.0 if nearest == NOBODY else float(overlap_M[nearest]),
        mistake=mistake,
        row=int(predictions.rows_N[n]),
    )


def _mistake(overlap_M: Floats, own_M: NDArray[np.bool_], iou: float) -> tuple[Mistake, int]:
    """Return what is wrong with a detection that finds nothing, and the object it is about."""
    kinds: tuple[tuple[Mistake, NDArray[np.bool_]], ...] = (
        ("duplicate", own_M & (overlap_M >= iou)),
        ("class", ~own_M & (overlap_M >= iou)),
        ("overlap", overlap_M >= min(_LEAST_OVERLAP, iou)),
    )
    for mistake, fitting_M in kinds:
        if fitting_M.any():
            return mistake, int(np.where(fitting_M, overlap_M, -1.0).argmax())
    return "background", NOBODY

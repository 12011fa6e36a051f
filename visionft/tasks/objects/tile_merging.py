"""Objects that several overlapping windows have seen: each once, whole where any window saw it whole.

A box that ends at an inner border of its window (one behind which the image goes on) is cut: it says nothing about
what lies beyond. So that two windows' boxes can be compared, the other box is cut at the same border first. A box of
which that leaves the same area is the same object.

Boxes lead by falling score, cut ones as if they had half of theirs: a whole view wins over a cut one that is up to
twice as sure. What is the same object as a leader goes, which for boxes that no border cuts is ordinary non-maximum
suppression. An object that no window sees whole is put together from its parts.

Shape suffixes: N boxes, 4 left, top, right, bottom; 6 these, score and class index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.boxes import clipped, iou

SAME = 0.5  # intersection over union from which on two boxes of a class are one object
CUT_WEIGHT = 0.5  # of a cut box's score, when boxes are ranked; parts with less of the leader's score do not extend it
_NEAR = 0.01  # fraction of the window's side in which a box counts as ending at its border, at least a pixel

Sides: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the image."""

_OUTWARD_4 = np.array([-1, -1, 1, 1], np.float32)  # the sign that turns "beyond a side" into "larger"


@dataclass(frozen=True, slots=True)
class Views:
    """What windows have seen, in the frame of the image.

    Attributes:
        detections_N6: boxes inside their windows, with score and class index.
        limits_N4: where the window has cut each box; infinite on the other sides.
        windows_N: which window each is from: boxes of the same are left as the network gives them.
    """

    detections_N6: NDArray[np.float32]
    limits_N4: NDArray[np.float32]
    windows_N: NDArray[np.intp]

    def __getitem__(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Views":
        return Views(self.detections_N6[rows], self.limits_N4[rows], self.windows_N[rows])

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Which boxes a border cuts, N."""
        return np.asarray(np.isfinite(self.limits_N4).any(axis=1))


def shown(window: Sides, original: tuple[int, int]) -> Sides:
    """Return the part of an image of (width, height) that a window shows, which may reach beyond it."""
    left, top, right, bottom = window
    return left, top, min(right, original[0]), min(bottom, original[1])


def view(detections_N6: NDArray[np.float32], number: int, window: Sides, original: tuple[int, int]) -> Views:
    """Cut the boxes that a window has seen to what it shows; rows with score 0 and boxes outside it are left out.

    Args:
        detections_N6: in pixels of the image.
        number: the window's own.
        window: where it is in the image; may reach beyond the image's right and bottom.
        original: (width, height) of the image.
    """
    borders_4, whole_4 = np.array(window, np.float32), np.array([0, 0, *original], np.float32)
    seen_4 = np.array(shown(window, original), np.float32)
    clipped_N6 = clipped(detections_N6, seen_4)
    near_4 = np.maximum(1, _NEAR * np.tile(borders_4[2:] - borders_4[:2], 2))
    inner_4 = (seen_4 - whole_4) * _OUTWARD_4 < 0
    cut_N4 = inner_4 & (np.abs(clipped_N6[:, :4] - borders_4) <= near_4)
    limits_N4 = np.where(cut_N4, borders_4, np.inf * _OUTWARD_4).astype(np.float32)
    return Views(clipped_N6, limits_N4, np.full(len(clipped_N6), number))


def merge(views: Sequence[Views]) -> NDArray[np.float32]:
    """Return detections_N6 of the objects that windows have seen, by falling score.

    Neither the order of the windows nor that of boxes with equal scores matters.
    """
    return put_together(views)[0]


def put_together(views: Sequence[Views]) -> tuple[NDArray[np.float32], list[NDArray[np.intp]]]:
    """Merge as ``merge`` does, and return for each object the places, among all boxes, of those it was made of."""
    if not views:
        return np.zeros((0, 6), np.float32), []
    together = Views(
        np.concatenate([each.detections_N6 for each in views]),
        np.concatenate([each.limits_N4 for each in views]),
        np.concatenate([each.windows_N for each in views]),
    )
    scores_N = together.detections_N6[:, 4]
    places_N = _by_falling(np.where(together.cut, CUT_WEIGHT * scores_N, scores_N), together)
    together = together[places_N]
    labels_N = together.detections_N6[:, 5]
    objects, made_of = [np.zeros((0, 6), np.float32)], []
    for label in np.unique(labels_N):
        of_class_N = np.flatnonzero(labels_N == label)
        merged_N6, parts = _merge_class(together[of_class_N])
        objects.append(merged_N6)
        made_of += [places_N[of_class_N[each]] for each in parts]
    objects_N6 = np.concatenate(objects)
    best = np.lexsort([*objects_N6[:, [5, 3, 2, 1, 0]].T, -objects_N6[:, 4]])
    return objects_N6[best], [made_of[row] for row in best]


def _by_falling(ranks_N: NDArray[np.float32], views: Views) -> NDArray[np.intp]:
    """Return the order by falling rank; ties by the boxes themselves, not by their places in the list."""
    return np.lexsort([*views.limits_N4.T, *views.detections_N6.T[[5, 4, 3, 2, 1, 0]], -ranks_N])


def _merge_class(views: Views) -> tuple[NDArray[np.float32], list[list[int]]]:
    """Merge the views of one class, which come by falling rank; also return the views that each object is made of."""
    boxes_N4, scores_N, cut_N = views.detections_N6[:, :4], views.detections_N6[:, 4], views.cut
    neighbours = _Neighbours.of(boxes_N4)
    free_N = np.ones(len(boxes_N4), np.bool_)
    objects, made_of = [], []
    for leader in range(len(boxes_N4)):
        if not free_N[leader]:
            continue
        free_N[leader] = False
        merged_6 = views.detections_N6[leader].copy()
        parts = [leader]
        for part in parts:  # which grows
            near = neighbours.touching(boxes_N4[part])
            near = near[free_N[near]]
            if not len(near):
                continue
            same = near[_same(views, part, near)]
            free_N[same] = False
            beyond = (boxes_N4[same] - views.limits_N4[part]) * _OUTWARD_4 > 0
            sure = scores_N[same] >= CUT_WEIGHT * scores_N[leader]
            parts += (more := same[beyond.any(axis=1) & sure & cut_N[same]]).tolist()
            merged_6[:2] = np.minimum(merged_6[:2], boxes_N4[more, :2].min(axis=0, initial=np.inf))
            merged_6[2:4] = np.maximum(merged_6[2:4], boxes_N4[more, 2:].max(axis=0, initial=-np.inf))
        objects.append(merged_6)
        made_of.append(parts)
    return np.array(objects, np.float32), made_of


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Boxes by their left sides, so that few are looked at to find those that overlap one.

    Attributes:
        order_N: of the boxes, by rising left side.
        sides_4N: in that order.
        widest: width of the widest box.
    """

    order_N: NDArray[np.intp]
    sides_4N: NDArray[np.float32]
    widest: float

    @classmethod
    def of(cls, boxes_N4: NDArray[np.float32]) -> "_Neighbours":
        order_N = np.argsort(boxes_N4[:, 0], kind="stable")
        widest = float(np.max(boxes_N4[:, 2] - boxes_N4[:, 0], initial=0.0))
        return cls(order_N, np.ascontiguousarray(boxes_N4[order_N].T), widest)

    def touching(self, box_4: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return which boxes overlap one, in their own order."""
        left_N = self.sides_4N[0]
        # a pixel more, so that the rounding of a difference leaves nobody out
        first = np.searchsorted(left_N, float(box_4[0]) - self.widest - 1)
        last = np.searchsorted(left_N, box_4[2])
        left_N, top_N, right_N, bottom_N = self.sides_4N[:, first:last]
        overlap_N = (left_N < box_4[2]) & (right_N > box_4[0]) & (top_N < box_4[3]) & (bottom_N > box_4[1])
        return np.sort(self.order_N[first:last][overlap_N])


def _same(views: Views, one: int, others: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which other boxes are the same object as one, as far as both windows show it."""
    box_4, boxes_N4 = views.detections_N6[one, :4], views.detections_N6[others, :4]
    ours_N4 = _cut(box_4, views.limits_N4[others])
    theirs_N4 = _cut(boxes_N4, views.limits_N4[one])
    elsewhere_N = views.windows_N[others] != views.windows_N[one]
    return np.asarray(elsewhere_N & (iou(ours_N4, theirs_N4) >= SAME))


def _cut(boxes: NDArray[np.float32], limits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate(
        [np.maximum(boxes[..., :2], limits[..., :2]), np.minimum(boxes[..., 2:], limits[..., 2:])], axis=1
    )

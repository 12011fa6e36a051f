"""Objects moved to another frame, and cut to what a canvas shows of them.

Conventions: a 3x3 matrix acts on (x, y, 1) and maps source to destination. Boxes are rows of (left, top, right, bottom,
class), half-open, where the class may be ``CROWD``.
"""

from itertools import compress

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.boxes import areas
from visionft.annotations.marks import CROWD
from visionft.annotations.polygons import Rings, move_polygons

MIN_VISIBILITY = 0.25
"""Least fraction of an object's area that a canvas must show for the object to be learned and measured there."""


def move_objects(
    boxes_N5: NDArray[np.float32],
    polygons: tuple[Rings, ...] | None,
    matrix: NDArray[np.float64],
    size: tuple[int, int],
) -> tuple[NDArray[np.float32], tuple[Rings, ...] | None]:
    """Move objects to a canvas and cut them to what it shows: the one rule for windows, crops and augmentation.

    An object with a polygon has the box around what is seen of that, however it is turned; the others are moved by
    ``move_boxes`` and cut by ``clip_boxes``. Of an object that shows less than ``MIN_VISIBILITY`` of its area, what is
    left may be anything. Learning to find it is as wrong as learning that it is background, so that it becomes a crowd.

    Args:
        boxes_N5: (left, top, right, bottom, class).
        polygons: the rings of each, in the same frame; () for an object whose polygon nobody knows. None for none at
            all.
        matrix: 3x3, from that frame to the canvas, see ``move_boxes``.
        size: (width, height) of the canvas.

    Returns:
        Boxes and polygons inside the canvas, in the same order, without the objects of which nothing is seen.
    """
    moved_N5 = move_boxes(boxes_N5, matrix)
    if polygons is None:
        return clip_boxes(moved_N5, size), None
    clipped_N5 = _inside(moved_N5, size)
    areas_N2 = np.stack([_areas(moved_N5), _areas(clipped_N5)], axis=1)
    rings, around_N4, polygon_areas_N2 = move_polygons(polygons, matrix, size)
    known_N = polygon_areas_N2[:, 0] > 0
    clipped_N5[known_N, :4], areas_N2[known_N] = around_N4[known_N], polygon_areas_N2[known_N]
    clipped_N5[areas_N2[:, 1] < MIN_VISIBILITY * areas_N2[:, 0], 4] = CROWD
    seen_N = _areas(clipped_N5) > 0
    return clipped_N5[seen_N], tuple(compress(rings, seen_N.tolist()))


def move_boxes(boxes_N5: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Move boxes to another frame, by the ellipses they surround.

    A flip, a quarter turn, a change of size or place gives the exact box. Turned, sheared or in perspective, the box of
    an object depends on its shape, which is not known: taken is the box around the moved ellipse that the given box
    surrounds: on average as large as the right one, where a box around the moved corners is always too large (for
    polygons of COCO, by 62 % of the area at 20 degrees; tests/augment/test_outlines.py).

    Lines l that touch the ellipse have l' C l = 0, with its dual conic C; moved by the matrix M, it has M C M'. For
    level and upright lines that is an equation of the second degree.

    Args:
        boxes_N5: (left, top, right, bottom, class).
        matrix: 3x3, source to destination; in perspective, it divides all that the boxes hold by numbers above 0.

    Returns:
        Boxes of the same classes, in the same order, wherever they lie.

    Source:
        Hartley and Zisserman (2004), Multiple View Geometry in Computer Vision, section 2.3.1, result 2.14.
    """
    boxes = boxes_N5.astype(np.float64)
    squares_N2 = ((boxes[:, 2:4] - boxes[:, :2]) / 2) ** 2
    moved_N3 = (boxes[:, :2] + boxes[:, 2:4]) / 2 @ matrix[:, :2].T + matrix[:, 2]
    places_N2, divisors_N1 = moved_N3[:, :2], moved_N3[:, 2:]
    linear, perspective = matrix[:2, :2], matrix[2, :2]
    # of each equation the leading coefficient, half the next, and the discriminant without what cancels in it
    leading_N1 = divisors_N1**2 - squares_N2 @ perspective[:, None] ** 2
    middle_N2 = places_N2 * divisors_N1 - squares_N2 @ (linear * perspective).T
    slopes_N22 = linear * divisors_N1[..., None] - places_N2[..., None] * perspective
    discriminants_N2 = (squares_N2[:, None] * slopes_N22**2).sum(axis=2)
    discriminants_N2 -= (
        squares_N2.prod(axis=1)[:, None] * (linear[:, 0] * perspective[1] - linear[:, 1] * perspective[0]) ** 2
    )
    roots_N2 = np.sqrt(discriminants_N2.clip(0))
    moved_N4 = np.hstack([middle_N2 - roots_N2, middle_N2 + roots_N2]) / leading_N1
    return np.hstack([moved_N4, boxes[:, 4:]]).astype(np.float32)


def clip_boxes(boxes_N5: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Cut boxes to what a canvas shows of them, see ``move_objects``.

    Args:
        boxes_N5: (left, top, right, bottom, class) in pixels of the canvas, which may reach beyond it.
        size: (width, height) of the canvas.

    Returns:
        Boxes inside the canvas, in the same order, without those of which nothing is seen.
    """
    clipped_N5 = _inside(boxes_N5, size)
    seen_N = _areas(clipped_N5)
    clipped_N5[seen_N < MIN_VISIBILITY * _areas(boxes_N5), 4] = CROWD
    return clipped_N5[seen_N > 0]


def _inside(boxes_N5: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the part of each box on the canvas, without an area where there is none."""
    clipped_N5 = boxes_N5.copy()
    clipped_N5[:, [0, 2]] = clipped_N5[:, [0, 2]].clip(0, size[0])
    clipped_N5[:, [1, 3]] = clipped_N5[:, [1, 3]].clip(0, size[1])
    return clipped_N5


def _areas(boxes_N5: NDArray[np.float32]) -> NDArray[np.float64]:
    return areas(boxes_N5[:, :4].astype(np.float64))

"""Polygons of objects: filled in pixels, and traced around them.

A polygon is a tuple of rings, closed lines of (x, y) in pixels. One that runs clockwise, as seen on a screen, fills
what is inside, one that runs the other way cuts it out again; the larger come first. A pixel belongs to a polygon
when its centre lies inside; coordinates are half-open, so the polygon of a box from 0 to 10 covers ten pixels.

Shape suffixes: H height, W width, h, w those of a part, P points of a ring or sides from each to the next, C crossings
of sides and rows, S cells of a side; 2 (x, y).
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.polygons import Rings, ring_area

Box = tuple[float, float, float, float]

_AT_ONCE = 2**18  # pixels that are filled at once, which bounds the memory
_CELLS = 256  # along each side of a ring that may cross itself
_UNLIKE = 0.02  # of the box around a ring: areas that differ by more are not the same


def fill(rings: Rings, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels of an image are an object's.

    Args:
        rings: its polygon in pixels of the image, beyond which it may reach.
        size: (width, height) of the image.

    Returns:
        mask_HW.
    """
    mask_HW = np.zeros((size[1], size[0]), np.bool_)
    for ring_P2 in by_size(rings):
        fill_ring(mask_HW, ring_P2, ring_area(ring_P2) > 0)
    return mask_HW


def fill_ring(mask_HW: NDArray[Any], ring_P2: NDArray[Any], value: int) -> None:
    """Write a value into the pixels whose centre lies inside a ring, whichever way it runs.

    Where it crosses itself, every other part is inside. Each row of centres is crossed by some sides. From a crossing
    on, inside and outside change places.

    Args:
        mask_HW: is changed.
        ring_P2: in pixels of the mask, beyond which it may reach.
        value: for these pixels.
    """
    height, width = mask_HW.shape
    here_P2 = ring_P2.astype(np.float64) - 0.5  # pixels' centres are whole numbers
    there_P2 = np.roll(here_P2, -1, axis=0)
    up_P1 = here_P2[:, 1:] > there_P2[:, 1:]  # neighbours that share a side are to find the same crossings
    upper_P2, lower_P2 = np.where(up_P1, there_P2, here_P2), np.where(up_P1, here_P2, there_P2)
    first_P, last_P = (np.ceil(ends_P2[:, 1]).clip(0, height).astype(np.int64) for ends_P2 in (upper_P2, lower_P2))
    rows_P = last_P - first_P
    side_C = np.repeat(np.arange(len(rows_P)), rows_P)
    if not len(side_C):
        return
    row_C = np.arange(len(side_C)) + np.repeat(first_P - np.cumsum(rows_P) + rows_P, rows_P)
    way_P2 = lower_P2 - upper_P2
    slope_P = np.divide(way_P2[:, 0], way_P2[:, 1], out=np.zeros(len(way_P2)), where=rows_P > 0)
    x_C = upper_P2[side_C, 0] + (row_C - upper_P2[side_C, 1]) * slope_P[side_C]
    column_C = np.ceil(x_C).clip(0, width).astype(np.int64)
    top, left, bottom, right = int(row_C.min()), int(column_C.min()), int(row_C.max()) + 1, int(column_C.max())
    wide, rows = right - left + 1, max(1, _AT_ONCE // (right - left + 1))
    at_C = (row_C - top) * wide + column_C - left
    for first in range(0, bottom - top, rows):
        part_hw = mask_HW[top + first : min(bottom, top + first + rows), left:right]
        size = len(part_hw) * wide
        here_C = at_C - first * wide
        here_C = here_C if rows >= bottom - top else here_C[(here_C >= 0) & (here_C < size)]
        crossed_hw = np.bincount(here_C, minlength=size).reshape(-1, wide)
        inside_hw = np.add.accumulate(crossed_hw[:, :-1], axis=1, dtype=np.uint8) & 1  # odd or even is all that counts
        part_hw[inside_hw > 0] = value


def fill_object(rings: Rings, size: tuple[int, int]) -> ObjectMask:
    """Return an object's pixels as ``fill`` does, of which only the part that the polygon reaches is made.

    Args:
        rings: its polygon in pixels of the image, beyond which it may reach.
        size: (width, height) of the image.
    """
    around = box_around(rings)
    if around is None:
        return ObjectMask(0, 0, np.zeros((0, 0), np.bool_))
    edges = np.array([*np.floor(around[:2]), *np.ceil(around[2:])])
    left, top, right, bottom = edges.clip(0, [*size, *size]).astype(int).tolist()
    moved = tuple(ring_P2 - np.array([left, top], np.float64) for ring_P2 in rings)
    return ObjectMask(left, top, fill(moved, (right - left, bottom - top)))


def fill_in_box(rings: Rings, box_4: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """Return which cells of a box are an object's: those whose centre lies in the polygon.

    Args:
        rings: its polygon, in the frame of the box, beyond which it may reach.
        box_4: (left, top, right, bottom).
        side: cells along each side.

    Returns:
        cells_SS: 0 or 1; all 0 in a box without an area.
    """
    left, top, right, bottom = np.asarray(box_4, np.float64)[:4].tolist()
    if right <= left or bottom <= top:
        return np.zeros((side, side), np.uint8)
    corner, cells = np.array([left, top]), np.array([side / (right - left), side / (bottom - top)])
    return fill(tuple((ring_P2 - corner) * cells for ring_P2 in rings), (side, side)).astype(np.uint8)


def trace(mask_HW: NDArray[Any]) -> Rings:
    """Return the polygon of pixels, along their edges: ``fill`` gives the mask back exactly.

    Args:
        mask_HW: what is not 0 is the object's; it may have parts and holes.
    """
    rows, columns = (np.flatnonzero(mask_HW.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return ()
    top, left = int(rows[0]), int(columns[0])
    part = mask_HW[top : rows[-1] + 1, left : columns[-1] + 1] != 0
    # Of two by two sub-pixels, one is in each corner of a pixel, so that contours, which run from the middle of a pixel
    # at the edge to that of the next, name the corners.
    fine = np.repeat(np.repeat(part.astype(np.uint8), 2, axis=0), 2, axis=1)
    contours, hierarchy = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = []
    for contour, (_, _, _, parent) in zip(contours, hierarchy.reshape(-1, 4).tolist(), strict=True):
        corners_P2 = _without_straights((contour.reshape(-1, 2) + 1) // 2)
        ring_P2 = (corners_P2 + np.array([left, top])).astype(np.float32)
        rings.append(ring_P2 if (ring_area(ring_P2) > 0) == (parent < 0) else ring_P2[::-1].copy())
    return tuple(by_size(rings))


def untangle(ring_P2: NDArray[Any]) -> Rings:
    """Return rings that fill what a polygon does, whichever way it runs, and whose areas tell how much that is.

    One that crosses itself has parts that run in opposite ways, or around twice. Where their areas do not add up, it is
    traced anew, to a 256th of its sides.

    Args:
        ring_P2: in any frame.
    """
    filling_P2 = ring_P2 if ring_area(ring_P2) > 0 else ring_P2[::-1]
    corner = ring_P2.min(axis=0).astype(np.float64)
    sides = ring_P2.max(axis=0) - corner
    if not sides.all():
        return (filling_P2,)
    whole_P2, fraction = (filling_P2 - corner) / sides, ring_area(filling_P2) / sides.prod()
    # OpenCV, in a tenth of the time, paints what it touches, too: more than there is, and never less
    touched_SS = np.zeros((_CELLS, _CELLS), np.uint8)
    cv2.fillPoly(touched_SS, [np.round((whole_P2 * _CELLS - 0.5) * 256).astype(np.int32)], 1, shift=8)
    if 0 <= cv2.countNonZero(touched_SS) / touched_SS.size - fraction < _UNLIKE:
        return (filling_P2,)
    filled_SS = np.zeros((_CELLS, _CELLS), np.bool_)
    fill_ring(filled_SS, whole_P2 * _CELLS, True)
    if abs(np.count_nonzero(filled_SS) / filled_SS.size - fraction) < _UNLIKE:
        return (filling_P2,)
    return tuple((part_P2 / _CELLS * sides + corner).astype(np.float32) for part_P2 in trace(filled_SS))


def by_size(rings: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return rings in the order in which they are painted: the larger first."""
    return list(rings) if len(rings) < 2 else sorted(rings, key=lambda ring_P2: -abs(ring_area(ring_P2)))


def box_around(rings: Rings) -> Box | None:
    """Return (left, top, right, bottom) of all that is filled; None where nothing is."""
    filling = [ring_P2 for ring_P2 in rings if ring_area(ring_P2) > 0]
    if not filling:
        return None
    points_P2 = np.concatenate(filling)
    left, top = points_P2.min(axis=0).tolist()
    right, bottom = points_P2.max(axis=0).tolist()
    return left, top, right, bottom


def _without_straights(ring_P2: NDArray[Any]) -> NDArray[Any]:
    """Drop repeated points, and those at which a ring along the pixels' edges goes straight on."""
    ring_P2 = ring_P2[(ring_P2 != np.roll(ring_P2, 1, axis=0)).any(axis=1)]
    way_P2 = np.roll(ring_P2, -1, axis=0) - ring_P2
    corners: NDArray[Any] = ring_P2[(way_P2 != np.roll(way_P2, 1, axis=0)).any(axis=1)]
    return corners

"""Outlines of objects: painted into pixels, and traced around them.

An outline is a tuple of rings, closed polygons of (x, y) in pixels. One that runs clockwise, as seen on a screen, fills
what is inside, one that runs the other way cuts it out again; they are painted from the largest to the smallest. A
pixel belongs to an outline when its centre lies inside; coordinates are half-open, so the polygon of a box from 0 to 10
covers ten pixels.

Shape suffixes: H height, W width, h, w those of a part, P points of a ring or sides from each to the next, C crossings
of sides and rows, S cells of a side; 2 (x, y).
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.imaging.object_mask import ObjectMask
from visionft.rings import ring_area
from visionft.sample import Rings

Box = tuple[float, float, float, float]


def paint(rings: Rings, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels of an image are an object's.

    Args:
        rings: its outline in pixels of the image, beyond which it may reach.
        size: (width, height) of the image.

    Returns:
        mask_HW.
    """
    mask_HW = np.zeros((size[1], size[0]), np.bool_)
    for ring_P2 in by_size(rings):
        _fill(mask_HW, ring_P2, ring_area(ring_P2) > 0)
    return mask_HW


def paint_object(rings: Rings, size: tuple[int, int]) -> ObjectMask:
    """Return an object's pixels as ``paint`` does, of which only the part that the outline reaches is made.

    Args:
        rings: its outline in pixels of the image, beyond which it may reach.
        size: (width, height) of the image.
    """
    around = box_around(rings)
    if around is None:
        return ObjectMask(0, 0, np.zeros((0, 0), np.bool_))
    edges = np.array([*np.floor(around[:2]), *np.ceil(around[2:])])
    left, top, right, bottom = edges.clip(0, [*size, *size]).astype(int).tolist()
    moved = tuple(ring_P2 - np.array([left, top], np.float64) for ring_P2 in rings)
    return ObjectMask(left, top, paint(moved, (right - left, bottom - top)))


def paint_in_box(rings: Rings, box_4: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """Return which cells of a box are an object's: those whose centre lies in the outline.

    Args:
        rings: its outline, in the frame of the box, beyond which it may reach.
        box_4: (left, top, right, bottom).
        side: cells along each side.

    Returns:
        cells_SS: 0 or 1; all 0 in a box without an area.
    """
    left, top, right, bottom = np.asarray(box_4, np.float64)[:4].tolist()
    if right <= left or bottom <= top:
        return np.zeros((side, side), np.uint8)
    corner, cells = np.array([left, top]), np.array([side / (right - left), side / (bottom - top)])
    return paint(tuple((ring_P2 - corner) * cells for ring_P2 in rings), (side, side)).astype(np.uint8)


def trace(mask_HW: NDArray[Any]) -> Rings:
    """Return the outline of pixels, along their edges: ``paint`` gives the mask back exactly.

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


def area(rings: Rings) -> float:
    """Return the area in pixels, less that of holes; what several rings fill counts for each of them."""
    return sum(map(ring_area, rings), 0.0)


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


def _fill(mask_HW: NDArray[np.bool_], ring_P2: NDArray[Any], value: bool) -> None:
    """Write a value into the pixels whose centre lies inside a ring; where it crosses itself, in every other part.

    Each row of centres is crossed by some sides. From a crossing on, inside and outside change places.
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
    shape = (bottom - top, right - left + 1)
    crossed_hw = np.bincount((row_C - top) * shape[1] + column_C - left, minlength=shape[0] * shape[1]).reshape(shape)
    inside_hw = np.add.accumulate(crossed_hw[:, :-1], axis=1, dtype=np.uint8) & 1  # odd or even is all that counts
    mask_HW[top:bottom, left:right][inside_hw > 0] = value


def _without_straights(ring_P2: NDArray[Any]) -> NDArray[Any]:
    """Drop repeated points, and those at which a ring along the pixels' edges goes straight on."""
    ring_P2 = ring_P2[(ring_P2 != np.roll(ring_P2, 1, axis=0)).any(axis=1)]
    way_P2 = np.roll(ring_P2, -1, axis=0) - ring_P2
    corners: NDArray[Any] = ring_P2[(way_P2 != np.roll(way_P2, 1, axis=0)).any(axis=1)]
    return corners

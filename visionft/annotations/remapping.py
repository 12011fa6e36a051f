"""Objects moved by what no matrix tells, but only what becomes of planes of pixels: a distortion, say.

Each object is painted, its pixels are moved, and what they show is read again. So places are exact to a pixel.

Shape suffixes: N objects, H, W rows and columns of the canvas, h, w those of an object's part of it; 5 left, top,
right, bottom, class.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import CROWD
from visionft.annotations.moving import MIN_VISIBILITY
from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.polygons import Rings
from visionft.annotations.rasterization import fill_object, trace

Plane = NDArray[np.uint8]
Remap = Callable[[Plane], Plane]
"""What becomes of a plane of (H, W) whose values are names: takes none that was not there but 0 and ``IGNORE``."""

_NAMES = 254  # values of a plane that stand for an object: neither 0 nor IGNORE


def remap_objects(
    boxes_N5: NDArray[np.float32], polygons: Sequence[Rings] | None, remap: Remap, size: tuple[int, int]
) -> tuple[NDArray[np.float32], tuple[Rings, ...] | None]:
    """Move objects as planes of pixels move, by the rules of ``annotations.moving.move_objects``.

    Of an object without a polygon, the ellipse in its box is moved. What is left of an object is told by its pixels.

    Args:
        boxes_N5: (left, top, right, bottom, class) inside the canvas.
        polygons: the rings of each; () for an object whose polygon nobody knows. None for none at all.
        remap: moves the pixels of a plane.
        size: (width, height) of the canvas.

    Returns:
        Boxes and polygons as ``move_objects`` does; those given where no pixel of any object moves.
    """
    known = polygons or ((),) * len(boxes_N5)
    painted = [_painted(rings, box_5, size) for rings, box_5 in zip(known, boxes_N5, strict=True)]
    places, planes = _planes(painted, size)
    moved = [remap(plane_HW) for plane_HW in planes]
    if all(np.array_equal(*pair) for pair in zip(planes, moved, strict=True)):
        return boxes_N5, None if polygons is None else tuple(polygons)
    kept: list[NDArray[np.float32]] = []
    rings_kept: list[Rings] = []
    for mask, (plane, value), rings, box_5 in zip(painted, places, known, boxes_N5, strict=True):
        found_HW = (moved[plane] == value).astype(np.uint8)
        left, top, wide, high = cv2.boundingRect(found_HW)
        if not wide:
            continue
        part_hw = found_HW[top : top + high, left : left + wide]
        corners = np.array([left, top, left + wide, top + high], np.float32)
        if rings:
            corner = np.array([left, top], np.float32)
            rings_kept.append(tuple(ring_P2 + corner for ring_P2 in trace(part_hw)))
        else:  # what was rounded when it was painted
            corners = (corners + box_5[:4] - _corners(mask)).clip(0, [*size, *size])
            rings_kept.append(())
        hidden = np.count_nonzero(part_hw) < MIN_VISIBILITY * mask.area
        kept.append(np.array([*corners, CROWD if hidden else box_5[4]], np.float32))
    moved_N5 = np.array(kept, np.float32).reshape(-1, 5)
    return moved_N5, None if polygons is None else tuple(rings_kept)


def _painted(rings: Rings, box_5: NDArray[np.float32], size: tuple[int, int]) -> ObjectMask:
    """Return the pixels of an object: one at least."""
    mask = fill_object(rings or (_ellipse(box_5),), size)
    if mask.area:
        return mask
    column, row = ((box_5[:2] + box_5[2:4]) / 2).astype(int).clip(0, [size[0] - 1, size[1] - 1]).tolist()
    return ObjectMask(column, row, np.ones((1, 1), np.bool_))


def _ellipse(box_5: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the ring of the ellipse in a box, which reaches the pixels at its edges."""
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    centre, half = (box_5[:2] + box_5[2:4]) / 2, (box_5[2:4] - box_5[:2]) / 2
    ring_P2: NDArray[np.float32] = (centre + half * np.stack([np.cos(turns), np.sin(turns)], axis=1)).astype(np.float32)
    return ring_P2


def _corners(mask: ObjectMask) -> NDArray[np.float32]:
    """Return (left, top, right, bottom) of an object's pixels."""
    left, top, wide, high = cv2.boundingRect(mask.pixels_hw.astype(np.uint8))
    return np.array([mask.left + left, mask.top + top, mask.left + left + wide, mask.top + top + high], np.float32)


def _planes(painted: Sequence[ObjectMask], size: tuple[int, int]) -> tuple[list[tuple[int, int]], list[Plane]]:
    """Paint objects on as few planes as it takes for none to hide another; return (plane, value) of each, and these."""
    places: list[tuple[int, int]] = []
    planes: list[Plane] = []
    names: list[int] = []
    for mask in painted:
        (high, wide), pixels_hw = mask.shape, mask.pixels_hw
        here = (slice(mask.top, mask.top + high), slice(mask.left, mask.left + wide))
        free = (
            plane
            for plane, (plane_HW, count) in enumerate(zip(planes, names, strict=True))
            if count < _NAMES and not plane_HW[here][pixels_hw].any()
        )
        plane = next(free, len(planes))
        if plane == len(planes):
            planes.append(np.zeros((size[1], size[0]), np.uint8))
            names.append(0)
        names[plane] += 1
        planes[plane][here][pixels_hw] = names[plane]
        places.append((plane, names[plane]))
    return places, planes

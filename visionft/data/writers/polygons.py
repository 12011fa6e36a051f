"""Polygons in the forms that other tools read: COCO's segmentation, and the one ring of YOLO.

Shape suffixes: P points of rings, R rings, 2 (x, y).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.polygons import Polygon, ring_area
from visionft.annotations.rasterization import fill, fill_object, trace
from visionft.annotations.rle import encode


def coco_fields(polygon: Polygon, size: tuple[int, int]) -> dict[str, Any]:
    """Return ``segmentation`` and ``area`` of an annotation.

    Rings that only fill are written as they are, point by point. Holes, which polygons of COCO cannot have, are written
    with the rest as run lengths, which tell the same pixels.

    Args:
        polygon: in pixels of the image; without rings, the segmentation is empty and no area is told.
        size: (width, height) of the image.
    """
    rings = polygon.points
    if not rings:
        return {"segmentation": []}
    mask = fill_object(rings, size)
    if all(ring_area(ring_P2) > 0 for ring_P2 in rings):
        return {"segmentation": [ring_P2.ravel().tolist() for ring_P2 in rings], "area": mask.area}
    return {"segmentation": {"size": [size[1], size[0]], "counts": encode(mask, size)}, "area": mask.area}


def one_ring(polygon: Polygon, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a polygon as a single ring with the same pixels.

    Holes and parts are joined to it by lines that run there and back again, and so hold nothing between them. Parts
    that overlap would cut each other out; the pixels of these are traced anew.

    Args:
        polygon: in pixels of the image, with a ring at least.
        size: (width, height) of the image.
    """
    rings = polygon.points
    joined_P2 = _join(rings)
    if len(rings) > 1:
        points_P2 = np.concatenate(rings)  # all that either can fill is between these
        edges = np.array([np.floor(points_P2.min(axis=0)), np.ceil(points_P2.max(axis=0))]).clip(0, size)
        corner, part = edges[0], (int(edges[1, 0] - edges[0, 0]), int(edges[1, 1] - edges[0, 1]))
        pixels_hw = fill(tuple(ring_P2 - corner for ring_P2 in rings), part)
        if not np.array_equal(fill((joined_P2 - corner,), part), pixels_hw):
            joined_P2 = (_join(trace(pixels_hw)) + corner).astype(np.float32)
    return joined_P2


def _join(rings: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Go along each ring to where the next is near, on to that, and in the end back along the rest of each.

    The next is the one whose centre is nearest: thousands of holes are joined in a moment.
    """
    centres_R2 = np.array([(ring_P2.min(axis=0) + ring_P2.max(axis=0)) / 2 for ring_P2 in rings])
    number, start, left_R = 0, 0, np.ones(len(rings), np.bool_)
    forward: list[NDArray[np.float32]] = []
    back: list[NDArray[np.float32]] = []
    while True:
        around_P2 = np.roll(rings[number], -start, axis=0)
        left_R[number] = False
        if not left_R.any():
            return np.concatenate([*forward, around_P2, *([around_P2[:1]] if forward else []), *reversed(back)])
        following = int(np.where(left_R, _apart(centres_R2, centres_R2[number]), np.inf).argmin())
        leave = int(_apart(around_P2, centres_R2[following]).argmin())
        start = int(_apart(rings[following], around_P2[leave]).argmin())
        leave = int(_apart(around_P2, rings[following][start]).argmin())
        forward.append(around_P2[: leave + 1])
        back.append(np.concatenate([around_P2[leave:], around_P2[: 1 if back else 0]]))
        number = following


def _apart(points_P2: NDArray[np.float32], point_2: NDArray[np.float32]) -> NDArray[np.float32]:
    away_P2 = points_P2 - point_2
    return np.asarray(away_P2[:, 0] ** 2 + away_P2[:, 1] ** 2)

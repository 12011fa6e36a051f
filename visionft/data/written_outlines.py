"""Outlines in the forms that other tools read: COCO's segmentation, and the one ring of YOLO.

Shape suffixes: P, Q points of rings, 2 (x, y).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.imaging.outlines import paint, paint_object, trace
from visionft.imaging.rle import encode
from visionft.rings import ring_area
from visionft.sample import Outline


def coco_fields(outline: Outline, size: tuple[int, int]) -> dict[str, Any]:
    """Return ``segmentation`` and ``area`` of an annotation.

    Rings that only fill are written as they are, point by point. Holes, which polygons of COCO cannot have, are written
    with the rest as run lengths, which tell the same pixels.

    Args:
        outline: in pixels of the image; without rings, the segmentation is empty and no area is told.
        size: (width, height) of the image.
    """
    rings = outline.points
    if not rings:
        return {"segmentation": []}
    mask = paint_object(rings, size)
    if all(ring_area(ring_P2) > 0 for ring_P2 in rings):
        return {"segmentation": [ring_P2.ravel().tolist() for ring_P2 in rings], "area": mask.area}
    return {"segmentation": {"size": [size[1], size[0]], "counts": encode(mask, size)}, "area": mask.area}


def one_ring(outline: Outline, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return an outline as a single ring with the same pixels.

    Holes and parts are joined to it by lines that run there and back again, and so hold nothing between them. Parts
    that overlap would cut each other out; the pixels of these are traced anew.

    Args:
        outline: in pixels of the image, with a ring at least.
        size: (width, height) of the image.
    """
    rings = outline.points
    joined_P2 = _join(rings)
    if len(rings) > 1 and not np.array_equal(paint((joined_P2,), size), pixels := paint(rings, size)):
        joined_P2 = _join(trace(pixels))
    return joined_P2


def _join(rings: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    joined_P2, *others = rings
    for ring_Q2 in others:
        apart_PQ = ((joined_P2[:, None] - ring_Q2) ** 2).sum(axis=2)
        here, there = np.unravel_index(apart_PQ.argmin(), apart_PQ.shape)
        around_Q2 = np.roll(ring_Q2, -there, axis=0)
        joined_P2 = np.concatenate([joined_P2[: here + 1], around_Q2, around_Q2[:1], joined_P2[here:]])
    return joined_P2

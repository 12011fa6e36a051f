"""From the cells of a mask to the pixels of an image.

Shape suffixes: S cells of a side, 4 left, top, right, bottom; h, w rows and columns of an object's part of the image.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.imaging.interpolation import enlarge, positions

_LEAST = 0.5  # probability from which on a pixel is the object's
_BAND_PIXELS = 1 << 16  # that are worked on at once, few enough to stay near the processor


def paste(cells_SS: NDArray[np.float32], box_4: NDArray[np.float32], size: tuple[int, int]) -> ObjectMask:
    """Return the pixels of an object whose mask is given in cells of its box.

    A pixel is the object's when its centre lies in the box, and the probability there is at least a half; it is
    interpolated bilinearly between the centres of cells, and level between those of the outer ones and the box.

    Args:
        cells_SS: probabilities, row by row.
        box_4: in pixels of the image, which it may reach beyond.
        size: (width, height) of the image.
    """
    return paste_within(cells_SS, box_4, (0, 0, *size))


def paste_within(
    cells_SS: NDArray[np.float32], box_4: NDArray[np.float32], limits: tuple[int, int, int, int]
) -> ObjectMask:
    """Return the pixels of an object as far as a part of the image shows it; see ``paste``.

    Args:
        cells_SS: probabilities, row by row.
        box_4: in pixels of the image.
        limits: left, top, right and bottom of the part.
    """
    if not np.isfinite(box_4).all():  # cells of which nobody can say where they are
        return ObjectMask(limits[0], limits[1], np.zeros((0, 0), np.bool_))
    left, top, right, bottom = box_4.tolist()
    x, across = _centres(left, right, limits[0], limits[2])
    y, down = _centres(top, bottom, limits[1], limits[3])
    if not across.size or not down.size:
        return ObjectMask(x, y, np.zeros((len(down), len(across)), np.bool_))
    side = len(cells_SS)
    columns, rows = positions(across * side, 0, side), positions(down * side, 0, side)
    pixels_hw = np.empty((len(down), len(across)), np.bool_)
    step = max(1, _BAND_PIXELS // len(across))
    for band in (slice(start, start + step) for start in range(0, len(down), step)):
        np.greater_equal(enlarge(cells_SS, rows.part(band), columns), _LEAST, out=pixels_hw[band])
    return ObjectMask(x, y, pixels_hw)


def _centres(start: float, end: float, first: int, last: int) -> tuple[int, NDArray[np.float64]]:
    """Return the first of the pixels first..last-1 whose centre lies in a side of a box, and where, 0..1, they do."""
    begin = min(max(math.ceil(start - 0.5), first), last)
    stop = min(max(math.ceil(end - 0.5), begin), last)
    return begin, (np.arange(begin, stop, dtype=np.float64) + (0.5 - start)) / (end - start if end > start else 1.0)


def unite(masks: Sequence[ObjectMask]) -> ObjectMask:
    """Return the pixels that any of several masks of one image has; at least one is needed."""
    if len(masks) == 1:
        return masks[0]
    left, top = min(mask.left for mask in masks), min(mask.top for mask in masks)
    right = max(mask.left + mask.shape[1] for mask in masks)
    bottom = max(mask.top + mask.shape[0] for mask in masks)
    pixels_hw = np.zeros((bottom - top, right - left), np.bool_)
    for mask in masks:
        (height, width), y, x = mask.shape, mask.top - top, mask.left - left
        pixels_hw[y : y + height, x : x + width] |= mask.pixels_hw
    return ObjectMask(left, top, pixels_hw)

"""The ways in which files write a segmentation, brought to COCO's own two: a list of flat polygons, or run lengths."""

from collections.abc import Mapping, Sequence
from math import cos, radians, sin
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.rle import decompress_counts
from visionft.data.formats.coco.numbers import whole_number
from visionft.errors import DataError
from visionft.imaging import MAX_PIXELS

NO_POLYGON = "a polygon is no list of x and y of three points or more"


class Shape(NamedTuple):
    """A segmentation as COCO has it.

    Attributes:
        value: a list of polygons [x0, y0, x1, y1, ...], or run lengths with ``size`` and ``counts``; None where nothing
            is stated; anything else as it was.
        short: how many parts of less than three points were left out.
    """

    value: Any
    short: int = 0


def plain_shape(segmentation: Any, box: Any = None) -> Shape:
    """Bring a segmentation to COCO's form.

    Read are polygons that are not in a list, points as [x, y] or {"x": x, "y": y}, and run lengths in a list. Empty
    parts say nothing, and neither do four numbers that repeat the box.

    Args:
        segmentation: as the file has it.
        box: the ``bbox`` of the same annotation.
    """
    if isinstance(segmentation, Mapping):
        counts = segmentation.get("counts")
        return Shape(segmentation if segmentation and counts not in ([], "") else None)
    if not isinstance(segmentation, list):
        return Shape(segmentation or None)
    if all(type(part) is list and len(part) >= 6 and type(part[0]) in (float, int) for part in segmentation):
        return Shape(segmentation or None)
    return _of_list([part for part in segmentation if part not in (None, [], {}, "")], box)


def _of_list(parts: list[Any], box: Any) -> Shape:
    if not parts:
        return Shape(None)
    if all(map(_is_number, parts)):  # one polygon that is not in a list
        parts = [parts]
    elif len(parts) >= 3 and all(_pair(part) is not None for part in parts):  # the points of one
        parts = [_flat(parts)]
    if all(isinstance(part, Mapping) and "counts" in part for part in parts):
        return Shape(parts[0] if len(parts) == 1 else _united(parts))
    polygons = [_flat(part) for part in parts]
    short = [isinstance(polygon, list) and len(polygon) in (0, 2, 4) for polygon in polygons]
    good = [polygon for polygon, is_short in zip(polygons, short, strict=True) if not is_short]
    if not good and len(polygons) == 1 and _repeats(polygons[0], box):
        return Shape(None)
    return Shape(good or None, sum(short))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | str)


def _pair(point: Any) -> list[Any] | None:
    """Return [x, y] of a point; None where it is none."""
    if isinstance(point, Mapping):
        point = [point.get("x"), point.get("y")]
    return point if isinstance(point, list) and len(point) == 2 and all(map(_is_number, point)) else None


def _flat(part: Any) -> Any:
    """Return [x0, y0, x1, y1, ...] of a list of points; anything else as it is."""
    if not isinstance(part, list):
        return part
    pairs = [_pair(point) for point in part]
    flat = [number for pair in pairs if pair is not None for number in pair]
    return flat if len(flat) == 2 * len(part) else part


def _repeats(numbers: Any, box: Any) -> bool:
    """Return whether four numbers are those of a box, written by its size or by its corners."""
    try:
        left, top, width, height = map(float, box)
        stated = np.array(numbers, np.float64)
    except (TypeError, ValueError):
        return False
    forms = ([left, top, width, height], [left, top, left + width, top + height])
    return stated.shape == (4,) and any(np.allclose(stated, form, rtol=0, atol=1) for form in forms)


def run_lengths(encoding: Mapping[str, Any]) -> tuple[list[int], tuple[int, int]]:
    """Return lengths of runs down the columns, outside first, and (height, width).

    Where a list of numbers ends inside the object, what follows is outside, as pycocotools reads it.

    Raises:
        DataError: with the reason, where these are no run lengths.
    """
    height, width = _size(encoding.get("size"))
    counts = encoding.get("counts")
    if isinstance(counts, str):
        counts = decompress_counts(counts)
    elif isinstance(counts, list) and all(isinstance(count, int) and count >= 0 for count in counts):
        rest = height * width - sum(counts)
        counts = [*counts, rest] if len(counts) % 2 == 0 and rest > 0 else counts
    if not isinstance(counts, list) or not all(isinstance(count, int) and count >= 0 for count in counts):
        raise DataError("its run lengths are no list of numbers >= 0 and no text")
    if sum(counts) != height * width:
        raise DataError(f"its run lengths add up to {sum(counts)} pixels, the image has {height * width}")
    return counts, (height, width)


def stated_size(segmentation: Any) -> tuple[int, int] | None:
    """Return the (height, width) of the image that run lengths are of; None of anything else."""
    shape = plain_shape(segmentation).value
    try:
        return _size(shape.get("size")) if isinstance(shape, Mapping) else None
    except DataError:
        return None


def _size(size: Any) -> tuple[int, int]:
    """Return (height, width)."""
    height, width = map(whole_number, size) if isinstance(size, list) and len(size) == 2 else (None, None)
    if not height or not width or min(height, width) < 1 or height * width > MAX_PIXELS:
        raise DataError("the size of its run lengths is no [height, width] in pixels")
    return height, width


def _united(several: Sequence[Mapping[str, Any]]) -> Any:
    """Return the run lengths of all that several cover; what they are where they do not fit together."""
    try:
        read = [run_lengths(one) for one in several]
    except DataError:
        return several
    if len({size for _, size in read}) > 1:
        return several
    covered = np.logical_or.reduce([_inside(counts) for counts, _ in read])
    edges = np.flatnonzero(np.diff(covered, prepend=False))
    return {"size": list(read[0][1]), "counts": np.diff([0, *edges, len(covered)]).tolist()}


def _inside(counts: Sequence[int]) -> NDArray[np.bool_]:
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts)


def box_around(segmentation: Any) -> tuple[float, float, float, float] | None:
    """Return left, top, width, height of the box around a segmentation; None where there is none.

    Source: for run lengths, pycocotools, maskApi.c, rleToBbox.
    """
    shape = plain_shape(segmentation).value
    try:
        if isinstance(shape, Mapping):
            counts, (height, _) = run_lengths(shape)
            ends = np.cumsum(counts)
            first, last = ends[: len(ends) // 2 * 2 : 2], ends[1::2] - 1
            first, last = first[last >= first], last[last >= first]
            left, right = int(first.min()) // height, int(last.max()) // height + 1
            whole = bool((first // height != last // height).any())  # a run that goes on in the next column
            top, bottom = (0, height) if whole else (int((first % height).min()), int((last % height).max()) + 1)
            return left, top, right - left, bottom - top
        points = [float(number) for polygon in shape for number in polygon]
        left_x, top_y = min(points[::2]), min(points[1::2])
        return left_x, top_y, max(points[::2]) - left_x, max(points[1::2]) - top_y
    except (TypeError, ValueError, DataError):
        return None


def box_around_turned(box: Sequence[float], degrees: float) -> tuple[float, float, float, float]:
    """Return left, top, width, height of the upright box around one that is turned about its middle.

    Args:
        box: left, top, width, height before it is turned.
        degrees: how far it is turned.
    """
    left, top, width, height = box
    cosine, sine = abs(cos(radians(degrees))), abs(sin(radians(degrees)))
    wide, high = width * cosine + height * sine, width * sine + height * cosine
    return left + (width - wide) / 2, top + (height - high) / 2, wide, high

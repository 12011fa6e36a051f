"""From the lines of label files to objects."""

from collections.abc import Sequence

import numpy as np

from visionft.data.formats.yolo.dialect import Dialect
from visionft.data.formats.yolo.frames import corners_in
from visionft.data.formats.yolo.lines import LabelLine
from visionft.data.raw_boxes import Coding, RawBox
from visionft.data.raw_polygons import RawPolygon

_FARTHEST = 1e4  # images from the corner of this one


def coding_of(dialect: Dialect) -> Coding:
    """Return how the boxes of ``box_of`` are written."""
    return "xyxy" if dialect.frame.startswith("pixel") else "fractions"


def box_of(line: LabelLine, dialect: Dialect, *, with_polygons: bool) -> RawBox:
    """Return the object of a line, around its polygon where it has one.

    Args:
        line: as it was read.
        dialect: what its numbers mean.
        with_polygons: polygons are kept as such.
    """
    if line.fault:
        return RawBox(line.number, (), fault=line.fault, raw=repr(line.text))
    numbers = dialect.bare(line.numbers)
    if len(numbers) == 4:
        return _box(line, numbers, dialect)
    if len(numbers) < 6 or len(numbers) % 2:
        fault = f"has {len(line.numbers)} numbers behind the class; four are a box, six or more in pairs an outline"
        return RawBox(line.number, (), fault=fault, raw=repr(line.text))
    polygon = _polygon(numbers) if with_polygons else RawPolygon()
    xs, ys = numbers[::2], numbers[1::2]
    around: tuple[float, ...] = min(xs), min(ys), max(xs), max(ys)
    if coding_of(dialect) == "fractions":
        around = _centred(*around)
    return RawBox(line.number, around, crowd=line.crowd, polygon=polygon)


def _box(line: LabelLine, numbers: tuple[float, ...], dialect: Dialect) -> RawBox:
    if dialect.frame == "centre":
        return RawBox(line.number, numbers)
    one, two, three, four = numbers
    corners = corners_in(dialect.frame, numbers)
    placed = corners if coding_of(dialect) == "xyxy" else _centred(*corners)
    return RawBox(line.number, placed, raw=f"[{one:.10g}, {two:.10g}, {three:.10g}, {four:.10g}]")


def _centred(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def _polygon(numbers: Sequence[float]) -> RawPolygon:
    if not all(abs(number) < _FARTHEST for number in numbers):  # false for NaN too
        return RawPolygon(fault="it lies impossibly far outside the image")
    return RawPolygon.of_parts([np.array(numbers, np.float32).reshape(-1, 2)])

"""What tools for drawing say of one image: shapes with a class, and classes of the whole image.

Shape suffixes: H height, W width, P points, 2 (x, y).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.rasterization import trace
from visionft.data.raw_polygons import RawPolygon
from visionft.data.splits import Split
from visionft.imaging.pixels import ImageSource

_CORNERS_OF_A_CIRCLE = 64

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class DrawnShape:
    """One shape, or the parts of an object, in pixels of the image.

    Attributes:
        number: what tells it from others of the image.
        name: of its class; empty where none is said.
        parts: corners (x, y) of each polygon.
        mask: left and top of a drawn mask, and its pixels (H, W); None of polygons.
        is_box: whether it is nothing but an upright rectangle.
        fault: why it cannot be used; empty for a good one.
    """

    number: str
    name: str
    parts: tuple[tuple[Point, ...], ...] = ()
    mask: tuple[int, int, NDArray[np.bool_]] | None = None
    is_box: bool = False
    fault: str = ""

    @property
    def polygon(self) -> RawPolygon:
        """Its polygons, which have a fault where they enclose nothing."""
        if self.mask is None:
            return RawPolygon.of_parts(np.array(part, np.float32) for part in self.parts)
        left, top, mask_HW = self.mask
        return RawPolygon.of(ring_P2 + np.array([left, top], np.float32) for ring_P2 in trace(mask_HW))

    @property
    def xyxy(self) -> tuple[float, ...]:
        """Left, top, right, bottom of all of it; nothing where it has no points."""
        if self.mask is not None:
            around = self.polygon.around
            return () if around is None else tuple(around)
        points = [point for part in self.parts for point in part]
        if not points:
            return ()
        (left, top), (right, bottom) = (tuple(map(pick, zip(*points, strict=True))) for pick in (min, max))
        return (left, top, right, bottom)


@dataclass(frozen=True, slots=True)
class Drawing:
    """One image and what is drawn on it.

    Attributes:
        id: unique name, a relative path with forward slashes.
        image: where the image is.
        where: the file that says so, for messages.
        size: (width, height) as the file says; None where it does not.
        split: the part of the data it is put into, None where nothing is said.
        shapes: in the order in which they cover each other.
        tags: classes of the whole image.
    """

    id: str
    image: ImageSource
    where: str
    size: tuple[int, int] | None = None
    split: Split | None = None
    shapes: tuple[DrawnShape, ...] = ()
    tags: tuple[str, ...] = ()


def rectangle(one: Point, other: Point) -> tuple[Point, ...]:
    """Return the corners of an upright rectangle between two points."""
    (left, right), (top, bottom) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def ellipse(centre: Point, radii: Point) -> tuple[Point, ...]:
    """Return points on an ellipse, which is a circle where both radii are the same."""
    angles = (2 * pi * number / _CORNERS_OF_A_CIRCLE for number in range(_CORNERS_OF_A_CIRCLE))
    return tuple((centre[0] + radii[0] * cos(angle), centre[1] + radii[1] * sin(angle)) for angle in angles)


def turned(points: Sequence[Point], degrees: float) -> tuple[Point, ...]:
    """Turn points clockwise, as seen on the screen, about the middle of the box around them."""
    xs, ys = zip(*points, strict=True)
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    c, s = cos(degrees * pi / 180), sin(degrees * pi / 180)
    return tuple((x + c * (px - x) - s * (py - y), y + s * (px - x) + c * (py - y)) for px, py in points)

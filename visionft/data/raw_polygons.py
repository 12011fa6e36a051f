"""Polygons of objects as files state them, and what becomes of them in the pixels of the image.

Shape suffixes: N objects, P points of a ring; 2 (x, y), 4 left, top, right, bottom.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.polygons import Polygon, move_polygons, ring_area
from visionft.annotations.rasterization import Box, box_around, by_size, untangle


class RawPolygon(NamedTuple):
    """The polygon of an object as a file states it.

    Attributes:
        rings: as of ``Polygon``; in pixels, or in fractions of the image's width and height where its box is.
        size: (width, height) of the picture that it is made for; None where the file does not say.
        fault: why it cannot be used; empty for a good one, and where none is stated.
    """

    rings: tuple[bytes, ...] = ()
    size: tuple[int, int] | None = None
    fault: str = ""

    @classmethod
    def of(cls, rings: Iterable[NDArray[np.float32]], size: tuple[int, int] | None = None) -> "RawPolygon":
        """Make a raw polygon of rings as of ``Polygon``, in any order."""
        with_area = [ring_P2 for ring_P2 in rings if ring_area(ring_P2)]
        if not with_area:
            return cls(fault="it has no area")
        return cls(_packed(by_size(with_area)), size)

    @classmethod
    def of_parts(cls, polygons: Iterable[NDArray[np.float32]]) -> "RawPolygon":
        """Make a raw polygon of parts, whichever way they run: all of them are the object's."""
        return cls.of(part_P2 for ring_P2 in polygons for part_P2 in untangle(ring_P2))

    @property
    def around(self) -> Box | None:
        """The box around the polygon, (left, top, right, bottom) as the rings are; None where nobody knows."""
        return box_around(Polygon(self.rings).points)


class PlacedPolygon(NamedTuple):
    """A polygon in an image.

    Attributes:
        polygon: in pixels of the upright image, cut off at its edges; without rings where nobody knows it.
        around: the box around what is stated, which may reach beyond the image; None where nobody knows.
        inside: the box around what is left of it; None where nobody knows.
        fault: why a stated polygon cannot be used; empty where it can, or none is stated.
    """

    polygon: Polygon = Polygon()
    around: Box | None = None
    inside: Box | None = None
    fault: str = ""


def place_polygon(stated: RawPolygon, width: int, height: int, *, fractions: bool) -> PlacedPolygon:
    """Place a polygon in an image, in its pixels.

    Args:
        stated: what the file says.
        width: of the upright image in pixels.
        height: of the upright image in pixels.
        fractions: whether it is stated in fractions of these.
    """
    if stated.fault or not stated.rings:
        return PlacedPolygon(fault=stated.fault)
    if stated.size is not None and stated.size != (width, height):
        turned = ", which is the picture turned" if stated.size == (height, width) else ""
        sizes = f"{stated.size[0]} x {stated.size[1]} pixels, the image has {width} x {height}"
        return PlacedPolygon(fault=f"its run lengths are for {sizes}{turned}")
    rings = Polygon(stated.rings).points
    if fractions:
        rings = tuple((ring_P2 * np.array([width, height], np.float64)).astype(np.float32) for ring_P2 in rings)
    around = box_around(rings)
    if around is None or (min(around) >= 0 and around[2] <= width and around[3] <= height):
        return PlacedPolygon(Polygon(_packed(rings) if fractions else stated.rings), around, around)
    (rings,), boxes_N4, _ = move_polygons((rings,), np.eye(3), (width, height))
    if not rings:
        return PlacedPolygon(fault="it lies outside the image")
    left, top, right, bottom = boxes_N4[0].tolist()
    return PlacedPolygon(Polygon(_packed(rings)), around, (left, top, right, bottom))


def _packed(rings: Iterable[NDArray[np.float32]]) -> tuple[bytes, ...]:
    return tuple(ring_P2.tobytes() for ring_P2 in rings)

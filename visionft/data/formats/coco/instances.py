"""COCO annotations as objects with polygons.

Shape suffixes: H height, W width, P points of a ring, 2 (x, y).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.polygons import Polygon
from visionft.annotations.rasterization import trace
from visionft.data.formats.coco.boxes import CocoBoxes, coco_kind, is_crowd
from visionft.data.formats.coco.file import find_files, read_file
from visionft.data.formats.coco.regions import make_region
from visionft.data.raw_boxes import RawBox
from visionft.data.raw_polygons import RawPolygon
from visionft.data.targets.base import Target
from visionft.data.targets.polygons import Polygons
from visionft.errors import DataError
from visionft.imaging import MAX_PIXELS


class CocoInstances(CocoBoxes):
    """A COCO JSON file, or a folder of them; a segmentation is polygons or a run-length encoding, compressed or not.

    The box of an object is the one around its polygon, whatever its ``bbox`` says; an object without a readable
    ``segmentation`` has its ``bbox`` and no polygon. The rest is as for boxes.
    """

    kind: ClassVar[str] = "coco_instances"
    target: ClassVar[type[Target]] = Polygons
    with_polygons: ClassVar[bool] = True

    def states_target(self, path: Path) -> bool:
        """Return whether an object that is no crowd has a polygon, without looking further than the first one.

        Raises:
            DataError: when the files cannot be read.
        """
        files = find_files(path)
        if coco_kind(files) == "coco":  # which is quicker than reading them
            return False
        return any(
            read_polygon(annotation.get("segmentation")).rings
            for file in files
            for several in read_file(file, self._options.images).annotations.values()
            for annotation in several
            if not is_crowd(annotation)
        )

    def _state(self, annotation: Mapping[str, Any]) -> RawBox:
        stated = super()._state(annotation)
        polygon = read_polygon(annotation.get("segmentation"))
        if stated.numbers or polygon.around is None:
            return stated._replace(polygon=polygon)
        left, top, right, bottom = polygon.around
        return stated._replace(numbers=(left, top, right - left, bottom - top), raw="", polygon=polygon)


def read_polygon(segmentation: Any) -> RawPolygon:
    """Read the ``segmentation`` of an annotation; what nobody can read has a fault.

    Args:
        segmentation: a list of polygons [x0, y0, x1, y1, ...], of which those of less than three points hold nothing;
            or a run-length encoding; or nothing.
    """
    if segmentation is None or segmentation in ([], {}):
        return RawPolygon()
    try:
        if isinstance(segmentation, dict):
            width, height = size = _size(segmentation.get("size"))
            region = make_region(segmentation, 0, height, width)
            return RawPolygon.of(_trace(np.frombuffer(region.runs, np.uint32), height), size)
        if isinstance(segmentation, list):
            bare = [polygon for polygon in segmentation if isinstance(polygon, list) and len(polygon) in (0, 2, 4)]
            segmentation = [polygon for polygon in segmentation if polygon not in bare] or segmentation
        return RawPolygon.of_parts(Polygon(make_region(segmentation, 0, 0, 0).polygons).points)
    except DataError as error:
        return RawPolygon(fault=str(error))


def _size(size: Any) -> tuple[int, int]:
    """Return (width, height)."""
    whole = isinstance(size, list) and len(size) == 2 and all(type(side) is int and side > 0 for side in size)
    if not whole or size[0] * size[1] > MAX_PIXELS:
        raise DataError("the size of its run lengths is no [height, width] in pixels")
    return size[1], size[0]


def _trace(runs: NDArray[np.uint32], height: int) -> tuple[NDArray[np.float32], ...]:
    """Trace run lengths down the columns, of which only those that the object reaches are made."""
    ends = np.cumsum(runs, dtype=np.int64)
    inside = np.flatnonzero(runs[1::2]) * 2 + 1
    if not len(inside):
        return ()
    first, last = int(ends[inside[0] - 1]) // height, -(-int(ends[inside[-1]]) // height)
    edges = ends.clip(first * height, last * height)
    lengths = np.diff(edges, prepend=first * height)
    mask_HW = np.repeat(np.arange(len(runs)) % 2 == 1, lengths).reshape(last - first, height).T
    return tuple(ring_P2 + np.array([first, 0], np.float32) for ring_P2 in trace(mask_HW))

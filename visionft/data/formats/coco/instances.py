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
from visionft.data.formats.coco.boxes import CocoBoxes, is_crowd
from visionft.data.formats.coco.find import find_files
from visionft.data.formats.coco.regions import make_region
from visionft.data.formats.coco.several import read_files
from visionft.data.formats.coco.shapes import plain_shape, run_lengths
from visionft.data.formats.coco.sniff import any_outline
from visionft.data.raw_boxes import RawBox
from visionft.data.raw_polygons import RawPolygon
from visionft.data.targets.base import Target
from visionft.data.targets.polygons import Polygons
from visionft.errors import DataError


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
        if not any_outline(find_files(path).files):  # which is quicker than reading them
            return False
        return any(
            read_polygon(annotation.get("segmentation")).rings
            for file in read_files(path, self._options).files
            for several in file.annotations.values()
            for annotation in several
            if not is_crowd(annotation)
        )

    def _state(self, annotation: Mapping[str, Any]) -> RawBox:
        stated = super()._state(annotation)
        polygon = read_polygon(annotation.get("segmentation"), annotation.get("bbox"))
        if stated.numbers or polygon.around is None:
            return stated._replace(polygon=polygon)
        left, top, right, bottom = polygon.around
        return stated._replace(numbers=(left, top, right - left, bottom - top), raw="", polygon=polygon)


def read_polygon(segmentation: Any, box: Any = None) -> RawPolygon:
    """Read the ``segmentation`` of an annotation; what nobody can read has a fault.

    Args:
        segmentation: a list of polygons [x0, y0, x1, y1, ...], of which those of less than three points hold nothing;
            or a run-length encoding; or nothing; or what ``plain_shape`` makes one of.
        box: the ``bbox`` of the annotation, which four numbers may repeat.
    """
    shape = plain_shape(segmentation, box)
    if shape.value is None and not shape.short:
        return RawPolygon()
    try:
        if isinstance(shape.value, Mapping):
            runs, (height, width) = run_lengths(shape.value)
            return RawPolygon.of(_trace(np.array(runs, np.uint32), height), (width, height))
        return RawPolygon.of_parts(Polygon(make_region(segmentation, 0, 0, 0).polygons).points)
    except DataError as error:
        return RawPolygon(fault=str(error))


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

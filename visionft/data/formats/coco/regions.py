"""Regions of an image as COCO stores them, painted into a mask.

A pixel belongs to a polygon when its centre lies inside; coordinates are half-open, so the polygon of a box from
0 to 10 covers ten pixels.

Shape suffixes: H height, W width, N points, 2 (x, y).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.rasterization import fill_ring
from visionft.data.checks.bad_files import MaskError
from visionft.data.formats.coco.shapes import NO_POLYGON, plain_shape, run_lengths, stated_size
from visionft.errors import DataError

_FARTHEST = 1e6  # pixels from the image's corner


@dataclass(frozen=True, slots=True)
class Region:
    """The pixels of one annotation, compact and comparable.

    Attributes:
        label: class index, or ``IGNORE``.
        polygons: of its parts, (N, 2) float32 each, as bytes.
        runs: uint32 run lengths down the columns, outside first, as bytes; instead of polygons.
    """

    label: int
    polygons: tuple[bytes, ...] = ()
    runs: bytes = b""

    def area(self) -> float:
        """Return the size in pixels; parts that overlap count twice."""
        if self.runs:
            return float(np.frombuffer(self.runs, np.uint32)[1::2].sum())
        return sum(cv2.contourArea(_points(polygon)) for polygon in self.polygons)

    def paint(self, mask_HW: NDArray[np.uint8]) -> None:
        """Write the label into the region's pixels."""
        for polygon in self.polygons:
            fill_ring(mask_HW, _points(polygon), self.label)
        if self.runs:
            counts = np.frombuffer(self.runs, np.uint32)
            inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
            mask_HW.T[inside.reshape(mask_HW.T.shape)] = self.label


@dataclass(frozen=True, slots=True)
class CocoMask:
    """The mask of one image of a COCO file.

    Attributes:
        height: in pixels.
        width: in pixels.
        background: class index of pixels without a region.
        regions: painted in this order, so the last wins.
        fault: why pixels are unknown, which makes the mask useless; empty for a good one.
    """

    height: int
    width: int
    background: int
    regions: tuple[Region, ...]
    fault: str = ""

    def read(self) -> NDArray[np.uint8]:
        """Return (H, W) class indices and ``IGNORE``.

        Raises:
            DataError: with the reason, when the place of an annotation is not known.
        """
        if self.fault:
            raise MaskError(self.fault, "an annotation of it has no readable place, and no box")
        mask_HW = np.full((self.height, self.width), self.background, np.uint8)
        for region in self.regions:
            region.paint(mask_HW)
        return mask_HW


def make_region(segmentation: Any, label: int, height: int, width: int) -> Region:
    """Read the ``segmentation`` of an annotation.

    Args:
        segmentation: a list of polygons [x0, y0, x1, y1, ...], or a run-length encoding whose ``counts`` are numbers
            or compressed text; or what ``plain_shape`` makes one of.
        label: class index, or ``IGNORE``.
        height: of the image in pixels.
        width: of the image in pixels.

    Raises:
        DataError: with the reason, without saying which annotation.
    """
    shape = plain_shape(segmentation)
    if isinstance(shape.value, Mapping):
        return Region(label, runs=_runs(shape.value, height, width))
    if not isinstance(shape.value, list):
        raise DataError(NO_POLYGON if shape.short else "has no segmentation")
    return Region(label, polygons=tuple(map(_polygon, shape.value)))


def box_region(box: Any, label: int) -> Region | None:
    """Read the ``bbox`` of an annotation: [x, y, width, height] in pixels; None where it is no box with an area."""
    try:
        x, y, width, height = map(float, box)
        polygon = _polygon([x, y, x + width, y, x + width, y + height, x, y + height])
    except (TypeError, ValueError, DataError):
        return None
    return Region(label, polygons=(polygon,)) if width > 0 and height > 0 else None


def _runs(encoding: Mapping[str, Any], height: int, width: int) -> bytes:
    if stated_size(encoding) not in (None, (height, width)):
        raise DataError(f"its size {encoding.get('size')} (height, width) is not the image's, {[height, width]}")
    counts, _ = run_lengths(encoding)
    return np.array(counts, np.uint32).tobytes()


def _polygon(numbers: Sequence[float]) -> bytes:
    try:
        flat = np.array(numbers, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError("a polygon holds something that is no number") from error
    if flat.ndim != 1 or len(flat) < 6 or len(flat) % 2:
        raise DataError(NO_POLYGON)
    if not (np.abs(flat) < _FARTHEST).all():  # false for NaN too
        raise DataError("a polygon lies impossibly far outside the image")
    return flat.astype(np.float32).tobytes()


def _points(polygon: bytes) -> NDArray[np.float32]:
    return np.frombuffer(polygon, np.float32).reshape(-1, 2)

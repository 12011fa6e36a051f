"""Samples, targets and canvases by hand, for tests."""

import numpy as np

from visionft.data.records import Example
from visionft.data.targets.boxes import Boxes, CanvasBoxes
from visionft.data.targets.label import CanvasLabel
from visionft.data.targets.mask import CanvasMask
from visionft.data.targets.polygons import CanvasPolygons, Polygons


def objects(xyxy=(), labels=(), crowd=(), polygons=None):
    """Return boxes, with outlines where some are given."""
    plain = (tuple(xyxy), tuple(labels), tuple(crowd))
    return Boxes(*plain) if polygons is None else Polygons(*plain, tuple(polygons))


def canvas_target(mask_HW=None, boxes_N5=None, polygons=None):
    """Return the target of a canvas: of what is given, else a class."""
    if mask_HW is not None:
        return CanvasMask(mask_HW)
    if boxes_N5 is None:
        return CanvasLabel(0)
    boxes_N5 = np.asarray(boxes_N5, np.float32)
    return CanvasBoxes(boxes_N5) if polygons is None else CanvasPolygons(boxes_N5, tuple(polygons))


def make_example(image_HW3, mask_HW=None, boxes_N5=None, polygons=None):
    """Return a canvas with a mask or objects, or with a class."""
    return Example(image_HW3, canvas_target(mask_HW, boxes_N5, polygons))


def without_polygons(example):
    """Return a canvas with the same objects as mere boxes."""
    return example._replace(target=CanvasBoxes(example.target.boxes_N5))


def parts(example):
    """Return image, mask, boxes and outlines of a canvas, None where it has none."""
    target = example.target
    return example.image_HW3, target.pixels, getattr(target, "boxes_N5", None), getattr(target, "polygons", None)

"""Objects that a program holds, as torchvision's detectors are given them: a dict of arrays for each image.

==========  ===================================================================================================
boxes       (N, 4): left, top, right, bottom in pixels of the image, half-open: the whole one is 0, 0, width, height
labels      N numbers or names of classes
masks       (N, H, W), for instance segmentation: what is not 0 is the object's
polygons    or N lists of polygons, each (P, 2) points, x and y in pixels, or x0, y0, x1, y1, ...
iscrowd     N flags, if there are any: what is neither learned nor measured
==========  ===================================================================================================

Boxes may be left out where there are masks or polygons. Other keys, such as ``image_id`` and ``area``, mean nothing.

Shape suffixes: N objects, H height, W width, P points of a ring, 2 (x, y), 4 left, top, right, bottom.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.rasterization import trace
from visionft.data.box_classes import BoxClasses, choose_classes
from visionft.data.listing import LabelOptions
from visionft.data.naming import natural_order
from visionft.data.raw_boxes import RawBox, RawBoxes
from visionft.data.raw_polygons import RawPolygon
from visionft.data.records import Problem
from visionft.data.targets.python_values import as_python, described, in_order, listed, names_of, numbers_in
from visionft.data.targets.raw import RawTargets
from visionft.errors import DataError

_ADVICE = "a dict of boxes (N, 4), left, top, right and bottom in pixels, and labels (N) is needed"
_OUTLINES = ("masks", "polygons")


def states_boxes(value: Any) -> bool:
    """Say whether a plain value is a dict of boxes."""
    return isinstance(value, Mapping) and "boxes" in value


def states_polygons(value: Any) -> bool:
    """Say whether a plain value is a dict of masks or polygons of objects."""
    return isinstance(value, Mapping) and any(key in value for key in _OUTLINES)


def raw_objects(values: Mapping[str, Any], options: LabelOptions, *, outlined: bool) -> RawTargets:
    """Return the objects of images.

    Args:
        values: image id -> dict, see above.
        options: what is said about labels.
        outlined: whether outlines are wanted.

    Raises:
        DataError: when a value is no such dict, or its parts do not fit together.
    """
    for where, value in values.items():
        if not (states_boxes(value) or states_polygons(value)) or "labels" not in value:
            raise DataError(f"{where}: {described(value)}; {_ADVICE}, for no object of shapes (0, 4) and (0)")
    labels = {where: listed(value["labels"]) for where, value in values.items()}
    names = names_of({f"{where}: labels": several for where, several in labels.items()}, options.classes)
    problems: list[Problem] = []
    classes, numbers = _classes([name for several in names.values() for name in several], labels, options, problems)
    of_image = {}
    for (where, value), several in zip(values.items(), names.values(), strict=True):
        boxes = _boxes(where, value, [numbers[name] for name in several], classes, outlined=outlined)
        of_image[where] = RawBoxes("xyxy", boxes, f"{where}: object", with_polygons=outlined)
    return RawTargets(of_image, classes.names, tuple(problems))


def _classes(
    names: Sequence[str], labels: Mapping[str, Sequence[Any]], options: LabelOptions, problems: list[Problem]
) -> tuple[BoxClasses, dict[str, int]]:
    """Return the classes, and the number of each name."""
    class_option = options.classes
    if any(isinstance(as_python(one), str) for several in labels.values() for one in several):
        categories = dict(enumerate(in_order(names, class_option)))
        options = replace(options, classes=None if class_option is None else tuple(class_option))
    elif class_option is None:
        categories = {int(name): name for name in natural_order(names)}
    else:
        categories = dict(sorted(numbers_in(class_option).items()))
    return choose_classes(categories, options, problems), {name: number for number, name in categories.items()}


def _boxes(
    where: str, value: Mapping[str, Any], numbers: Sequence[int], classes: BoxClasses, *, outlined: bool
) -> tuple[RawBox, ...]:
    count = len(numbers)
    rows: Sequence[tuple[float, ...]] = [()] * count
    if "boxes" in value:
        boxes_N4 = _array(where, "boxes", value["boxes"])
        if not boxes_N4.size:
            boxes_N4 = boxes_N4.reshape(0, 4)
        if boxes_N4.ndim != 2 or boxes_N4.shape[1] != 4 or boxes_N4.dtype.kind not in "iuf":
            raise DataError(f"{where}: boxes of {boxes_N4.dtype} and shape {boxes_N4.shape}; {_ADVICE}")
        rows = [tuple(map(float, row)) for row in boxes_N4.tolist()]
    outlines = [RawPolygon()] * count
    if outlined or "boxes" not in value:
        outlines = [*map(_of_mask, _planes(where, value["masks"]))] if "masks" in value else outlines
        outlines = [*map(_of_polygons, value["polygons"])] if "polygons" in value else outlines
    crowds = listed(value.get("iscrowd", [0] * count))
    for key, length in {"boxes": len(rows), "masks or polygons": len(outlines), "iscrowd": len(crowds)}.items():
        if length != count:
            raise DataError(f"{where}: {length} {key} and {count} labels; there is one for each object")
    found = []
    for number, (row, outline, crowd) in enumerate(zip(rows, outlines, crowds, strict=True)):
        around = row or outline.around or ()
        box = RawBox(number, around, crowd=bool(as_python(crowd)), polygon=outline)
        if (known := classes.label(box, numbers[number])) is not None:
            found.append(known)
    return tuple(found)


def _planes(where: str, masks: Any) -> NDArray[Any]:
    masks_NHW = _array(where, "masks", masks)
    if masks_NHW.size and masks_NHW.ndim != 3:
        raise DataError(f"{where}: masks of shape {masks_NHW.shape}; (N, H, W) is needed, a plane for each object")
    return masks_NHW


def _of_mask(mask_HW: NDArray[Any]) -> RawPolygon:
    return RawPolygon.of(trace(mask_HW), (mask_HW.shape[1], mask_HW.shape[0]))


def _of_polygons(polygons: Sequence[Any]) -> RawPolygon:
    try:
        rings = [np.asarray(as_python(polygon), np.float32).reshape(-1, 2) for polygon in polygons]
    except (TypeError, ValueError):
        return RawPolygon(fault="its polygons are no lists of x and y")
    if any(len(ring_P2) < 3 or not np.isfinite(ring_P2).all() for ring_P2 in rings):
        return RawPolygon(fault="a polygon has less than three points, or one that is no number")
    return RawPolygon.of_parts(rings) if rings else RawPolygon()


def _array(where: str, what: str, value: Any) -> NDArray[Any]:
    try:
        return np.asarray(as_python(value))
    except ValueError as error:  # numpy's, of lists that make no rectangle
        raise DataError(f"{where}: {what} of different shapes; every one of an image has the same") from error

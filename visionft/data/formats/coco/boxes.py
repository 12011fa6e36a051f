"""COCO annotations as boxes."""

from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar

from visionft.data.box_classes import BoxClasses, choose_classes
from visionft.data.formats.coco.file import CocoFile
from visionft.data.formats.coco.pictures import CocoImage
from visionft.data.formats.coco.several import CocoFiles, read_files
from visionft.data.formats.coco.shapes import box_around, box_around_turned, plain_shape
from visionft.data.fraction_boxes import read_fractions
from visionft.data.listing import DataFormat, Listing
from visionft.data.naming import shorten, some
from visionft.data.raw_boxes import RawBox, RawBoxes, raw_boxes_of, require_raw_polygons
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError


class CocoBoxes(DataFormat):
    """A COCO JSON file, or a folder of them, of which only the boxes count.

    Classes are the categories in order of id. An object with ``iscrowd`` is neither learned nor measured. One without
    a ``bbox``, or with one that has no area, has the box around its segmentation. Images without annotations are kept:
    they show what is no object. Files, splits and images are found as by ``coco_masks``.

    Args:
        options: classes by category name, or by name with category ids; category ids to be ignored; ``images`` is a
            folder, relative to the JSON file.
    """

    kind: ClassVar[str] = "coco"
    target: ClassVar[type[Target]] = Boxes
    takes: ClassVar[tuple[str, ...]] = ("images", "ignore", "on_bad_box")
    with_polygons: ClassVar[bool] = False
    """Whether polygons are read as well."""

    def read(self, path: Path | None) -> Listing:
        """List the images of the annotation files.

        Raises:
            DataError: when there is no such file, it is not COCO, or no annotation has a box.
        """
        found = read_files(path, self._options)
        problems = list(found.problems)
        classes = choose_classes(found.categories, self._options, problems)
        entries = found.entries(lambda file, image: self._boxes(file, image, classes))
        targets = [entry.target for entry in entries]
        problems += _tell_turned(found)
        if not any(box.numbers for box in raw_boxes_of(targets)):
            raise DataError(f"{path}: no annotation has a box; every object needs bbox: [left, top, width, height]")
        entries = read_fractions(entries, str(path), problems)
        if self.with_polygons:
            require_raw_polygons(targets, str(path))
        return Listing(found.name, entries, classes.names, self.target, tuple(problems), source=str(path))

    def _boxes(self, file: CocoFile, image: CocoImage, classes: BoxClasses) -> RawBoxes:
        stated = []
        for annotation in file.annotations.get(image.id, []):
            box = classes.label(self._state(annotation), annotation.get("category_id"))
            if box is not None:
                stated.append(box)
        start, end = f"{file.path}: annotation", f"({image.path.name})"
        size = (image.width, image.height) if image.width else None
        return RawBoxes("xywh", tuple(stated), start, end, size, with_polygons=self.with_polygons)

    def _state(self, annotation: Mapping[str, Any]) -> RawBox:
        number, crowd = str(annotation.get("id", "without id")), is_crowd(annotation)
        box = annotation.get("bbox")
        numbers = _numbers(box)
        if not box or (numbers and min(numbers[2:]) <= 0):
            around = box_around(annotation.get("segmentation"))
            numbers = numbers if around is None else around
        elif (degrees := turned_by(annotation)) and numbers:
            numbers = box_around_turned(numbers, degrees)
        return RawBox(number, numbers, crowd=crowd, raw="" if numbers else shorten(box))


def _tell_turned(found: CocoFiles) -> Iterator[Problem]:
    for file in found.files:
        turned = [one for several in file.annotations.values() for one in several if turned_by(one)]
        if turned:
            what = "are turned (attributes.rotation), and the upright box around each counts"
            names = some((f"annotation {one.get('id')}" for one in turned), 3)
            yield Problem(str(file.path), f"{len(turned)} boxes {what}: {names}")


def _numbers(box: Any) -> tuple[float, ...]:
    """Return left, top, width, height; nothing where they cannot be read."""
    try:
        left, top, width, height = map(float, box if isinstance(box, list) else ())
    except (TypeError, ValueError, OverflowError):
        return ()
    return left, top, width, height


def turned_by(annotation: Mapping[str, Any]) -> float:
    """Return by how many degrees a box is turned about its middle, as CVAT writes it; 0 for an outline."""
    attributes = annotation.get("attributes")
    degrees = attributes.get("rotation") if isinstance(attributes, Mapping) else None
    if not isinstance(degrees, int | float) or not isfinite(degrees) or not degrees % 180:
        return 0.0
    return float(degrees) if plain_shape(annotation.get("segmentation")).value is None else 0.0


def is_crowd(annotation: Mapping[str, Any]) -> bool:
    """Return whether an annotation stands for many objects at once."""
    return (annotation.get("iscrowd") or "0") != "0"

"""COCO annotations as boxes."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from visionft.data.box_classes import BoxClasses, choose_classes
from visionft.data.formats.coco.classes import merge_categories
from visionft.data.formats.coco.file import (
    CocoFile,
    CocoImage,
    add_once,
    find_files,
    find_strays,
    name_and_split,
    read_file,
)
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import shorten, some
from visionft.data.raw_boxes import RawBox, RawBoxes, raw_boxes_of, require_raw_polygons
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError


class CocoBoxes(DataFormat):
    """A COCO JSON file, or a folder of them, of which only the boxes count.

    Classes are the categories in order of id. An object with ``iscrowd`` is neither learned nor measured. One without
    a ``bbox`` has the box around its polygons. Images without annotations are kept: they show what is no object.
    Files, splits and images are found as by ``coco_masks``.

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
        if path is None:
            raise DataError("no path to the annotations; give a COCO JSON file, or the folder that holds some")
        files = [read_file(file, self._options.images) for file in find_files(path)]
        problems: list[Problem] = []
        classes = choose_classes(merge_categories(files), self._options, problems)
        root = path if path.is_dir() else path.parent
        entries: dict[str, Entry] = {}
        for file in files:
            listed = []
            for image in file.images:
                name, split = name_and_split(file, image, root, with_split=len(files) > 1)
                listed.append(Entry(name, image.path, self._boxes(file, image, classes), split))
            add_once(entries, listed, file, problems)
            problems += [*find_strays(file), *_find_copies(file)]
        targets = [entry.target for entry in entries.values()]
        if not any(box.numbers for box in raw_boxes_of(targets)):
            raise DataError(f"{path}: no annotation has a box; every object needs bbox: [left, top, width, height]")
        if self.with_polygons:
            require_raw_polygons(targets, str(path))
        name = path.resolve().stem
        return Listing(name, tuple(entries.values()), classes.names, self.target, tuple(problems), source=str(path))

    def _boxes(self, file: CocoFile, image: CocoImage, classes: BoxClasses) -> RawBoxes:
        stated = []
        for annotation in file.annotations.get(image.id, []):
            box = classes.label(self._state(annotation), annotation["category_id"])
            if box is not None:
                stated.append(box)
        start, end = f"{file.path}: annotation", f"({image.path.name})"
        return RawBoxes(
            "xywh", tuple(stated), start, end, (image.width, image.height), with_polygons=self.with_polygons
        )

    def _state(self, annotation: Mapping[str, Any]) -> RawBox:
        number = str(annotation.get("id", "without id"))
        box: Any
        box, crowd = annotation.get("bbox"), is_crowd(annotation)
        if box is None or box == []:
            box = _around(annotation.get("segmentation"))
        try:
            left, top, width, height = map(float, box if isinstance(box, list) else ())
        except (TypeError, ValueError, OverflowError):
            return RawBox(number, (), crowd=crowd, raw=shorten(box))
        return RawBox(number, (left, top, width, height), crowd=crowd)


def coco_kind(files: Iterable[Path]) -> str:
    """Return which format reads annotation files: ``coco`` where objects have boxes and nothing else.

    The files are searched as text, which takes a hundredth of the time of reading them.
    """
    boxes = False
    for file in files:
        try:
            text = file.read_bytes()
        except OSError:  # told when it is read
            continue
        if re.search(rb'"segmentation"\s*:\s*(?!\[\s*\]|null|\{\s*\}|\s)', text):
            return "coco_masks"
        boxes = boxes or b'"bbox"' in text
    return "coco" if boxes else "coco_masks"


def is_crowd(annotation: Mapping[str, Any]) -> bool:
    """Return whether an annotation stands for many objects at once."""
    return (annotation.get("iscrowd") or "0") != "0"


def _around(polygons: Any) -> list[float] | None:
    """Return the box around polygons [x0, y0, x1, y1, ...]; None where they are none."""
    try:
        points = [float(number) for polygon in polygons for number in polygon]
        left, top = min(points[::2]), min(points[1::2])
        return [left, top, max(points[::2]) - left, max(points[1::2]) - top]
    except (TypeError, ValueError):
        return None


def _find_copies(file: CocoFile) -> list[Problem]:
    """Yield a problem for ids that several annotations have; each is an object all the same."""
    numbers = (annotation.get("id") for several in file.annotations.values() for annotation in several)
    ids = Counter(str(number) for number in numbers if number is not None)
    again = [number for number, count in ids.items() if count > 1]
    what = f"{len(again)} ids belong to several annotations each, which all count: {some(again)}"
    return [Problem(str(file.path), what)] if again else []

"""Boxes and polygons in the text files of YOLO."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import ClassVar

from visionft.annotations.marks import CROWD
from visionft.data.box_classes import BoxClasses, choose_classes
from visionft.data.checks.bad_files import BoxError
from visionft.data.formats.yolo.boxes import box_of, coding_of
from visionft.data.formats.yolo.classes import index_of, number_classes
from visionft.data.formats.yolo.dialect import Dialect, find_dialect
from visionft.data.formats.yolo.file import names_of_yaml, read_data_file
from visionft.data.formats.yolo.frames import Size
from visionft.data.formats.yolo.label_files import read_labels
from visionft.data.formats.yolo.layout import Images, find_data_file, images_of_file, images_of_folder, only_folder
from visionft.data.formats.yolo.lines import LabelLine
from visionft.data.formats.yolo.names import find_names
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import some
from visionft.data.raw_boxes import RawBox, RawBoxes, require_raw_polygons
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons
from visionft.errors import DataError, ImageError
from visionft.imaging import decode


class Yolo(DataFormat):
    """A ``data.yaml``, the folder that holds it, or a folder of images and label files without one.

    A label file has a line ``class x y width height`` per object, in fractions of the image; of a polygon, the box
    around it counts. An image whose label file is empty or missing shows no object. Class names come from the YAML
    file, from ``classes.txt`` or ``obj.names``, or from ``data.classes``.

    Args:
        options: classes by name, or by name with class indices; indices to be ignored; ``images`` is the folder that
            holds what the YAML file names.
    """

    kind: ClassVar[str] = "yolo"
    target: ClassVar[type[Target]] = Boxes
    takes: ClassVar[tuple[str, ...]] = ("images", "ignore", "on_bad_box")
    with_polygons: ClassVar[bool] = False
    """Whether polygons are read as well."""

    def read(self, path: Path | None) -> Listing:
        """List the images.

        Raises:
            DataError: when there is no such file or folder, or there are no images or no label files.
        """
        if path is None or not path.exists():
            raise DataError(f"{path}: no such file or folder; give the data.yaml, or the folder that holds the data")
        problems: list[Problem] = []
        stated, images, points = self._find(path, problems)
        images.settle_twins(problems)
        labels = read_labels(images, problems)
        dialect = find_dialect(labels.lines, points=points, size_of=_size_of)
        problems += [Problem("labels", told) for told in dialect.told]
        options = self._options
        names = number_classes(labels.all_lines(), stated, options, problems)
        classes = choose_classes(names, options, problems)
        folders = {images.base, *(image.parent for image in images.splits)}
        root = os.path.commonpath([os.path.abspath(folder) for folder in folders])  # noqa: PTH100  # links stay links
        entries: list[Entry] = []
        for image, split in images.splits.items():
            name = PurePath(os.path.relpath(image, root)).as_posix()
            boxes = self._boxes(images.labels_of(image), labels.of(image), classes, dialect)
            entries.append(Entry(name, image, boxes, split))
        if self.with_polygons:
            require_raw_polygons([entry.target for entry in entries], str(path))
        name = (path if path.is_dir() else path.parent).resolve().name
        return Listing(name, tuple(entries), classes.names, self.target, tuple(problems), source=str(path))

    def _find(self, path: Path, problems: list[Problem]) -> tuple[Mapping[int, str], Images, bool | None]:
        file = path if path.is_file() else find_data_file(path, deep=True)
        if file is None:
            path = only_folder(path)
            root = path if self._options.images is None else path / self._options.images
            images = images_of_folder(root, problems)
            if not images.splits:
                raise DataError(f"{root}: no images found; give the data.yaml, or the folder of images/ and labels/")
            images.base = path
            return _names_beside(path, images, problems), images, None
        parsed = read_data_file(file)
        problems += [Problem(str(file), told) for told in parsed.told]
        if not parsed.parts:
            raise DataError(f"{file}: names no images; give it train: and val:, such as images/train and images/val")
        if parsed.count is not None and parsed.count != len(parsed.names):
            what = f"nc says {parsed.count} classes, names has {len(parsed.names)}; names counts"
            problems.append(Problem(str(file), what))
        return parsed.names, images_of_file(parsed, self._options.images, problems), parsed.keypoints

    def _boxes(
        self, file: Path, parsed: Sequence[LabelLine] | BoxError, classes: BoxClasses, dialect: Dialect
    ) -> RawBoxes:
        coding = coding_of(dialect)
        if isinstance(parsed, BoxError):
            return RawBoxes(coding, fault=str(parsed), fault_kind=parsed.kind, with_polygons=self.with_polygons)
        stated = []
        for line in parsed:
            box = box_of(line, dialect, with_polygons=self.with_polygons)
            labelled = box if line.fault else _labelled(box, line.category, classes)
            if labelled is not None:
                stated.append(labelled)
        return RawBoxes(coding, tuple(stated), f"{file}: line", with_polygons=self.with_polygons)


class YoloPolygons(Yolo):
    """YOLO data with polygons, in lines ``class x0 y0 x1 y1 x2 y2 ...``; an object with a box alone has none.

    Args:
        options: as for boxes.
    """

    kind: ClassVar[str] = "yolo_outlines"
    target: ClassVar[type[Target]] = Polygons
    with_polygons: ClassVar[bool] = True

    def states_target(self, path: Path) -> bool:
        """Return whether a line is a polygon, without looking further than the first one.

        Raises:
            DataError: when the images and label files cannot be found.
        """
        _, images, points = self._find(path, [])
        if points:
            return False
        labels = read_labels(images, [])
        dialect = find_dialect(labels.lines, points=points, size_of=_size_of)
        return any(len(dialect.bare(line.numbers)) >= 6 for line in labels.all_lines() if not line.fault)


def _labelled(box: RawBox, category: int | str, classes: BoxClasses) -> RawBox | None:
    """Return an object with its class index; None where nobody wants its class."""
    if category == -1:
        return box._replace(label=CROWD, crowd=True)
    index = index_of(category, classes.known)
    if index is not None:
        return classes.label(box, index)
    known = some(classes.known.values())
    return box._replace(fault=box.fault or f"is of class {category!r}, which is not among the data's classes ({known})")


def _names_beside(path: Path, images: Images, problems: list[Problem]) -> dict[int, str]:
    """Return the names in a list beside or above the labels, or in a YAML file that names no images."""
    for image in images.splits:
        images.labels_of(image)
    labels = images.folders.used()
    above = [folder for label in labels for folder in label.parents if folder.is_relative_to(path)]
    folders = [path, path / "labels", *labels, *above, path.absolute().parent]
    if found := find_names(dict.fromkeys(folders), path, problems):
        return found
    for folder in (path, path.absolute().parent):
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            if found := names_of_yaml(file):
                problems.append(Problem("classes", f"named as {file} has them"))
                return found
    return {}


def _size_of(image: Path) -> Size | None:
    """Return (width, height) of an upright image; None where it cannot be read."""
    try:
        height, width = decode(image).shape[:2]
    except ImageError:
        return None
    return width, height

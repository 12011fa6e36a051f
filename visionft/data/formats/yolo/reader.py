"""Boxes and polygons in the text files of YOLO."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import ClassVar

from visionft.data.box_classes import BoxClasses, choose_classes
from visionft.data.checks.bad_files import BoxError
from visionft.data.formats.yolo.file import has_polygon, read_labels, read_names, read_yaml
from visionft.data.formats.yolo.layout import Images, find_yaml, images_of_file, images_of_folder
from visionft.data.listing import DataFormat, Entry, LabelOptions, Listing
from visionft.data.naming import counted, some
from visionft.data.raw_boxes import RawBox, RawBoxes, require_raw_polygons
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons
from visionft.errors import DataError

Rows = list[tuple[int, RawBox]]


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
        names, images, keypoints = self._find(path, problems)
        rows, faults = _read_all(images, keypoints, self.with_polygons, problems)
        if not names:
            names = _derive(rows, self._options, problems)
        options = self._options
        classes = choose_classes(names, options, problems)
        folders = {images.base, *(image.parent for image in images.splits)}
        root = os.path.commonpath([os.path.abspath(folder) for folder in folders])  # noqa: PTH100  # links stay links
        entries: list[Entry] = []
        for image, split in images.splits.items():
            name = PurePath(os.path.relpath(image, root)).as_posix()
            boxes = _boxes(images.labels_of(image), rows.get(image, []), faults.get(image), classes)
            entries.append(Entry(name, image, replace(boxes, with_polygons=self.with_polygons), split))
        if self.with_polygons:
            require_raw_polygons([entry.target for entry in entries], str(path))
        name = (path if path.is_dir() else path.parent).resolve().name
        return Listing(name, tuple(entries), classes.names, self.target, tuple(problems), source=str(path))

    def _find(self, path: Path, problems: list[Problem]) -> tuple[Mapping[int, str], Images, bool]:
        file = path if path.is_file() else find_yaml(path, deep=True)
        if file is None:
            root = path if self._options.images is None else path / self._options.images
            images = images_of_folder(root, problems)
            if not images.splits:
                raise DataError(f"{root}: no images found; give the data.yaml, or the folder of images/ and labels/")
            images.base = path
            return read_names(path), images, False
        said = read_yaml(file)
        if not said.parts:
            raise DataError(f"{file}: names no images; give it train: and val:, such as images/train and images/val")
        if said.count is not None and said.count != len(said.names):
            what = f"nc says {said.count} classes, names has {len(said.names)}; names counts"
            problems.append(Problem(str(file), what))
        return said.names, images_of_file(said, self._options.images, problems), said.keypoints


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
        _, images, keypoints = self._find(path, [])
        return not keypoints and any(has_polygon(images.labels_of(image)) for image in images.splits)


def _read_all(
    images: Images, keypoints: bool, with_polygons: bool, problems: list[Problem]
) -> tuple[dict[Path, Rows], dict[Path, BoxError]]:
    """Return image -> objects, and image -> why they cannot be read."""
    rows: dict[Path, Rows] = {}
    faults: dict[Path, BoxError] = {}
    missing: list[str] = []
    for image in images.splits:
        file = images.labels_of(image)
        if not file.is_file():
            missing.append(image.name)
            continue
        try:
            rows[image] = read_labels(file, keypoints=keypoints, with_polygons=with_polygons)
        except BoxError as error:
            faults[image] = error
    _tell_missing(images, missing, problems)
    if alone := images.labels_alone():
        files = counted(len(alone), "label file has", "label files have")
        what = f"{files} no image; left out: {some(file.name for file in alone)}"
        problems.append(Problem(str(alone[0].parent), what))
    return rows, faults


def _tell_missing(images: Images, missing: list[str], problems: list[Problem]) -> None:
    where = some(map(str, dict.fromkeys(images.folders.values())), 3)
    if len(missing) == len(images.splits):
        raise DataError(
            f"{where}: no image has a label file here; images/a/x.jpg needs labels/a/x.txt, or x.txt beside it"
        )
    if missing:
        have = "has no label file and counts" if len(missing) == 1 else "have no label file and count"
        what = f"{len(missing)} of {len(images.splits)} images {have} as without objects"
        many = "; so many look like a mistake" if 2 * len(missing) > len(images.splits) else ""
        problems.append(Problem("labels", f"{what}{many}: {some(missing)}; looked in {where}"))


def _derive(rows: Mapping[Path, Rows], options: LabelOptions, problems: list[Problem]) -> dict[int, str]:
    """Name class indices that no file names: by the user's list, in its order, or by their numbers."""
    if isinstance(options.classes, tuple | list):
        return dict(enumerate(options.classes))
    used = sorted({category for several in rows.values() for category, _ in several if category >= 0})
    names = {number: f"class {number}" for number in used}
    if options.classes is None:
        what = f"named {some(names.values(), 20)} after their numbers; give data.classes their names"
        problems.append(Problem("classes", what))
    return names


def _boxes(file: Path, rows: Rows, fault: BoxError | None, classes: BoxClasses) -> RawBoxes:
    if fault is not None:
        return RawBoxes("fractions", fault=str(fault), fault_kind=fault.kind)
    stated = []
    for category, box in rows:
        labelled = box if category < 0 else classes.label(box, category)
        if labelled is not None:
            stated.append(labelled)
    return RawBoxes("fractions", tuple(stated), f"{file}: line")

"""A folder of images with a file that gives each of them any number of labels."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.label_sets.entries import RawRecord, entries_of
from visionft.data.formats.label_sets.files import Listed, read_label_file
from visionft.data.formats.listed import list_split
from visionft.data.formats.tables.headless import holds_columns
from visionft.data.formats.tables.table import refuse
from visionft.data.listing import DataFormat, Listing
from visionft.data.naming import counted, natural_order, some, split_above
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.targets.base import Target
from visionft.data.targets.label_set import LabelSet
from visionft.data.walk import images_below, look_into
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS

_ENDINGS = (".json", ".txt")


class LabelFolder(DataFormat):
    """A JSON or text file of labels, or the folder that holds one or one for each split; images lie below that folder.

    JSON is ``{"a.jpg": ["cat", "dog"]}``, or a list of records with ``image`` and ``labels`` (and ``split``, if there
    are splits). A line of text is an image's name and then its labels. An image is named by its path relative to the
    file, or by its file name where only one is called so. Folders called like splits make them where the file does
    not. Images that are not in the file are left out: nobody said anything about them.
    """

    kind: ClassVar[str] = "label_file"
    target: ClassVar[type[Target]] = LabelSet
    takes: ClassVar[tuple[str, ...]] = ("separator",)

    def read(self, path: Path | None) -> Listing:
        """List the images that the file names; labels get natural order.

        Raises:
            DataError: naming the lines that cannot be understood, or when there is no such file.
        """
        if path is None or not path.exists():
            raise DataError(f"{path}: no such file or folder; give a .json or .txt file of labels, or its folder")
        files = _label_files(path)
        problems: list[Problem] = []
        listed: list[Listed] = []
        for file, split in files:
            label_file = read_label_file(file, self._options.separator)
            refuse(list(label_file.errors))
            listed += [one if one.split or split is None else one._replace(split=split) for one in label_file.listed]
            if label_file.separator is not None:
                what = (
                    f"labels are separated by {label_file.separator!r}"
                    if label_file.separator
                    else "no line has several labels"
                )
                problems.append(Problem(str(file), what))
        root = files[0][0].parent
        images, _ = images_below(root, problems)
        stated = _placed(listed, root, images, problems)
        named = {one.path for one in stated}
        if rest := [image.relative_to(root).as_posix() for image in images if image not in named]:
            names = some(file.name for file, _ in files)
            what = f"{counted(len(rest), 'image is', 'images are')} not in {names}; left out: {some(rest)}"
            problems.append(Problem(str(root), what))
        classes = natural_order(label for one in stated for label in one.labels)
        if not classes:
            raise DataError(f"{path}: gives no image a label; a line is the image's name and its labels: a.jpg cat dog")
        name = path.resolve().name if path.is_dir() else path.stem
        return Listing(name, entries_of(stated, problems), classes, LabelSet, tuple(problems), source=str(path))


def find_label_files(path: Path) -> list[Path]:
    """Return the files of labels in a folder, or the path itself if it is one; what cannot be read is none."""
    files = [path] if path.is_file() else look_into(path, []).others
    return [file for file in files if file.suffix.lower() in _ENDINGS and _names_images(file)]


def labels_beside_images(folder: Path) -> list[Path]:
    """Return the files of labels in a folder that name most of the images below it."""
    files = find_label_files(folder)
    images = [image.name for image in images_below(folder, [])[0]] if files else []
    named = {Path(one.name.replace("\\", "/")).name for file in files for one in read_label_file(file, "|").listed}
    return files if 2 * sum(name in named for name in images) > len(images) else []


def _label_files(path: Path) -> list[tuple[Path, Split | None]]:
    """Return the files of labels with the splits that they are called, where there are several."""
    if path.is_file():
        return [(path, None)]
    files = find_label_files(path)
    if len(files) == 1:
        return [(files[0], None)]
    named: list[tuple[Path, Split | None]] = [(file, split) for file in files if (split := list_split(file.stem))]
    if not files or len(named) < len(files):
        found = f"{len(files)} files of labels: {some(file.name for file in files)}" if files else "no file of labels"
        raise DataError(f"{path}: holds {found}; give the .json or .txt file that says which image has which labels")
    return named


def _names_images(file: Path) -> bool:
    try:
        # COCO's files can be so large that they are searched as text, which takes a hundredth of the time of reading
        if file.suffix.lower() == ".json" and b'"annotations"' in file.read_bytes():
            return False
        if file.suffix.lower() == ".txt" and holds_columns(file):
            return False
        label_file = read_label_file(file, "|")
    except (OSError, DataError):
        return False
    # a few wrong lines are to be told, and not to make the file another one
    named = [one for one in label_file.listed if Path(one.name).suffix.lower() in IMAGE_EXTENSIONS]
    return any(one.labels for one in named) and len(named) >= len(label_file.errors)


def _placed(listed: Sequence[Listed], root: Path, images: Sequence[Path], problems: list[Problem]) -> list[RawRecord]:
    """Find the images that are named; those that are not there stay where they should be."""
    by_name = defaultdict(list)
    for image in images:
        by_name[image.name].append(image)
    known = set(images)
    unclear: list[str] = []
    stated = []
    for one in listed:
        path = root / os.path.normpath(one.name.replace("\\", "/"))
        if path not in known:
            same = by_name[path.name]
            if len(same) > 1 and one.split is not None:
                same = [image for image in same if split_above(image.relative_to(root)) == one.split] or same
            if len(same) > 1:
                unclear.append(one.name)
            path = same[0] if len(same) == 1 else path
        inside = path.relative_to(root) if path.is_relative_to(root) else path
        stated.append(RawRecord(inside.as_posix(), path, one.labels, one.split or split_above(inside), one.where))
    if unclear:
        what = f"{counted(len(unclear), 'name fits', 'names fit')} several images; give paths: {some(unclear)}"
        problems.append(Problem(str(root), what))
    return stated

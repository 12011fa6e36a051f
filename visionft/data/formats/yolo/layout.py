"""Where the images of YOLO data sets are, and where their label files.

===============================  ================================================================================
``images/train labels/train``    the same path with ``labels`` in the place of ``images``
``train/images train/labels``    likewise
``x.jpg x.txt``                  in one folder
===============================  ================================================================================

Paths of the author's machine are looked for below the data: as they stand, without the dots in front, and by their
last parts.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.layout import IMAGE_FOLDERS
from visionft.data.formats.yolo.file import NAME_FILES, YoloFile, is_data_file
from visionft.data.naming import counted, some, split_above
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import images_below, look_into, read_lines
from visionft.errors import DataError

_LABELS = "labels"


@dataclass(slots=True)
class Images:
    """The images of a data set.

    Attributes:
        base: a folder in which label files may lie as well.
        splits: image -> the part of the data it was put into, None where the data do not say; in order.
        folders: folder of images -> folder of their labels.
    """

    base: Path
    splits: dict[Path, Split | None] = field(default_factory=dict)
    folders: dict[Path, Path] = field(default_factory=dict)

    def labels_of(self, image: Path) -> Path:
        """Return where an image's label file should be."""
        folder = image.parent
        if folder not in self.folders:
            self.folders[folder] = _label_folder(folder, self.base)
        return self.folders[folder] / f"{image.stem}.txt"

    def labels_alone(self) -> list[Path]:
        """Return the label files that belong to no image."""
        used = {self.labels_of(image) for image in self.splits}
        found = {file for folder in self.folders.values() if folder.is_dir() for file in folder.glob("*.txt")}
        beside = {image.parent for image in self.splits}  # a text file beside images may be anything
        return sorted(file for file in found - used if file.parent not in beside and file.name not in NAME_FILES)


def find_yaml(folder: Path, *, deep: bool = False) -> Path | None:
    """Return the file of a folder that describes a YOLO data set, None without one.

    Args:
        folder: where it may lie.
        deep: look into the folders in it as well, if it holds none itself.

    Raises:
        DataError: when there are several, and none is called ``data.yaml``.
    """
    for places in ([folder], look_into(folder, []).folders if deep else []):
        files = [file for place in places for file in (*place.glob("*.yaml"), *place.glob("*.yml"))]
        found = sorted(file for file in files if is_data_file(file))
        usual = [file for file in found if file.stem in ("data", "dataset")]
        if len(found) > 1 and len(usual) != 1:
            raise DataError(f"{folder}: several files describe data: {some(map(str, found))}; give the one that counts")
        if found:
            return (usual or found)[0]
    return None


def looks_like_yolo(folder: Path) -> bool:
    """Return whether a folder has a ``data.yaml``, or label files beside its images or their folder."""
    if any(is_data_file(file) for file in (*folder.glob("*.yaml"), *folder.glob("*.yml"))):
        return True
    contents = look_into(folder, [])
    below = [inner for outer in contents.folders for inner in (outer, *look_into(outer, []).folders)]
    return any(_holds_labels(inner, folder) for inner in (folder, *below))


def _holds_labels(folder: Path, base: Path) -> bool:
    """Return whether most images that lie directly in a folder have a label file of numbers."""
    images = look_into(folder, []).images[:20]
    found = Images(base)
    files = [file for image in images if (file := found.labels_of(image)).is_file()]
    return bool(files) and 2 * len(files) >= len(images) and any(_is_label_file(file) for file in files)


def _is_label_file(file: Path) -> bool:
    try:
        lines = [line.split() for line in read_lines(file) if line.strip()]
        return all(len([float(word) for word in words]) >= 5 for words in lines[:5])
    except (DataError, ValueError):
        return False


def images_of_file(file: YoloFile, images_in: str | None, problems: list[Problem]) -> Images:
    """Find the images that a ``data.yaml`` names.

    Args:
        file: what it says.
        images_in: folder to look in as well, relative to the file.
        problems: grows by what is not there or listed twice.

    Raises:
        DataError: when no part of it is there.
    """
    near = file.path.parent
    bases = [near / _plain(file.base)] if file.base else []
    bases += [near / images_in] if images_in is not None else []
    found = Images(near)
    twice: list[Path] = []
    for split, parts in file.parts.items():
        for part in parts:
            place = next(_places(part, [*bases, near, near.parent]), None)
            if place is None:
                problems.append(Problem(f"{file.path}: {split}", f"{part}: no such folder or list; left out"))
                continue
            listed = _listed(place, [*bases, near]) if place.is_file() else sorted(images_below(place, problems)[0])
            twice += [image for image in listed if found.splits.setdefault(image, split) != split]
    if not found.splits:
        told = "".join(f"\n{problem}" for problem in problems)
        raise DataError(f"{file.path}: none of its images are here; mend train and val, or path{told}")
    if twice:
        images = counted(len(twice), "image is", "images are")
        what = f"{images} in two splits; the first counts: {some(image.name for image in twice)}"
        problems.append(Problem(str(file.path), what))
    return found


def images_of_folder(root: Path, problems: list[Problem]) -> Images:
    """Find the images below a folder; folders called like splits put them into these."""
    images = sorted(images_below(root, problems)[0])
    return Images(root, {image: split_above(image.relative_to(root)) for image in images})


def _plain(text: str) -> str:
    return text.replace("\\", "/")


def _places(part: str, bases: list[Path]) -> Iterator[Path]:
    """Yield what exists of the places that a path may mean, the likeliest first."""
    path = PurePosixPath(_plain(part))
    words = [word for word in path.parts if word not in ("..", "/")]
    tails = [PurePosixPath(*words[at:]) for at in range(len(words))]
    if len(tails) > 1 and tails[-1].name.casefold() in IMAGE_FOLDERS:
        tails.pop()  # images of which split?
    for name in (path, *tails):
        for base in bases:
            place = base / name
            if os.path.exists(place):  # noqa: PTH110  # that of Path raises for names that are too long
                yield Path(os.path.normpath(place))


def _listed(file: Path, bases: list[Path]) -> list[Path]:
    """Return the images that a text file lists; where the first folder says they should be, if they are nowhere."""
    found = []
    for line in read_lines(file):
        text = line.strip()
        if text and "\0" not in text:
            place = next(_places(text, [file.parent, *bases]), None)
            found.append(place or Path(os.path.normpath(file.parent / _plain(text))))
    return found


def _label_folder(folder: Path, base: Path) -> Path:
    """Return the folder of the labels of images in a folder: the images' own where there is no other."""
    parts = folder.parts
    at = next((at for at in reversed(range(len(parts))) if parts[at].casefold() in IMAGE_FOLDERS), None)
    if at is None:
        return folder
    below = parts[at + 1 :]
    places = [above.joinpath(_LABELS, *rest) for rest in (below, ()) for above in (Path(*parts[:at]), base)]
    return next((place for place in places if place.is_dir()), folder)

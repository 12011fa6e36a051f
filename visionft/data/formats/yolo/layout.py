"""Which images YOLO data have, and what splits they state."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from visionft.data.checks.bad_files import BoxError
from visionft.data.file_finder import FileFinder
from visionft.data.formats.listed import lines_of, plain, splits_by_lists
from visionft.data.formats.masks.layout import IMAGE_FOLDERS
from visionft.data.formats.tables.headless import is_known
from visionft.data.formats.yolo.file import YoloFile, is_data_file
from visionft.data.formats.yolo.label_folders import LabelFolders
from visionft.data.formats.yolo.lines import read_label_file
from visionft.data.formats.yolo.names import NAME_FILES
from visionft.data.formats.yolo.places import fitting, is_pattern, places
from visionft.data.naming import counted, some, split_above, split_of
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import images_below, look_into
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS

_CVAT_FOLDER = re.compile(r"obj_(.+)_data", re.IGNORECASE)
_SURE_LISTS = frozenset(NAME_FILES) - {"labelmap.txt", "labels.txt", "names.txt"}  # other formats have those as well
_TELLING = (".txt", ".yaml", ".yml", ".data", ".names", ".json")
_OF_OTHERS = frozenset({"annotations", "imagesets", "jpegimages", "mask", "masks", "segmentationclass"})
_LIST_FOLDERS = (".", "ImageSets", "ImageSets/Main")


@dataclass(slots=True)
class Images:
    """The images of a data set.

    Attributes:
        base: a folder in which label files may lie as well.
        splits: image -> the part of the data it was put into, None where the data do not say; in order.
        folders: finds their labels.
    """

    base: Path
    splits: dict[Path, Split | None] = field(default_factory=dict)
    folders: LabelFolders = field(init=False)

    def __post_init__(self) -> None:
        self.folders = LabelFolders(self.base)

    def labels_of(self, image: Path) -> Path:
        """Return where an image's label file should be."""
        return self.folders.file_of(image)

    def labels_alone(self) -> list[Path]:
        """Return the label files that belong to no image."""
        used = {self.labels_of(image) for image in self.splits}
        beside = {image.parent for image in self.splits}  # a text file beside images may be anything
        folders = [folder for folder in self.folders.used() if folder not in beside]
        return [file for folder in folders for file in self.folders.texts_in(folder) if file not in used]

    def settle_twins(self, problems: list[Problem]) -> None:
        """Leave out all pictures but one of those that share a label file: nobody knows what else they show.

        The one that counts has the extension that most of the others have.
        """
        sharing: dict[Path, list[Path]] = defaultdict(list)
        for image in self.splits:
            sharing[self.labels_of(image)].append(image)
        twins = {file: images for file, images in sharing.items() if len(images) > 1 and file.is_file()}
        if not twins:
            return
        usual = Counter(images[0].suffix.lower() for images in sharing.values() if len(images) == 1)
        lost = []
        for images in twins.values():
            kept = min(images, key=lambda image: (-usual[image.suffix.lower()], image))
            lost += [(image, kept) for image in images if image != kept]
        for image, _ in lost:
            del self.splits[image]
        shown = some(f"{image.name} beside {kept.name}" for image, kept in lost)
        pictures = counted(len(lost), "picture shares", "pictures share")
        what = f"{pictures} a label file with another, of the more frequent extension or the first; left out: {shown}"
        problems.append(Problem("labels", what))


def find_data_file(folder: Path, *, deep: bool = False) -> Path | None:
    """Return the file of a folder that describes a YOLO data set, None without one.

    Args:
        folder: where it may lie.
        deep: look into the folders in it as well, if it holds none itself.

    Raises:
        DataError: when there are several that differ, and none is called ``data.yaml``.
    """
    folder = only_folder(folder)
    for places_in in ([folder], look_into(folder, []).folders if deep else []):
        for endings in ((".yaml", ".yml"), (".data",)):
            found = [file for place in places_in for file in _data_files(place, endings)]
            usual = [file for file in found if file.stem in ("data", "dataset")]
            if len(found) > 1 and len(usual) != 1 and len({file.read_bytes() for file in found}) > 1:
                names = some(map(str, found))
                raise DataError(f"{folder}: several files describe data: {names}; give the one that counts")
            if found:
                return (usual or found)[0]
    return None


def only_folder(path: Path) -> Path:
    """Go into the only folder, as unpacked archives have it, for as long as nothing else says anything."""
    contents = look_into(path, [])
    telling = contents.images or any(file.suffix.lower() in _TELLING for file in contents.others)
    if telling or len(contents.folders) != 1 or contents.folders[0].name.casefold() in IMAGE_FOLDERS:
        return path
    return only_folder(contents.folders[0])


def _data_files(folder: Path, endings: Sequence[str] = (".yaml", ".yml", ".data")) -> list[Path]:
    files = look_into(folder, []).others
    return [file for file in files if file.suffix.lower() in endings and is_data_file(file)]


def looks_like_yolo(folder: Path) -> bool:
    """Return whether a folder has a data file, or label files beside its images or their folder.

    A list of classes beside a folder of images is enough: that it has no label files is then said.
    """
    folder = only_folder(folder)
    if _data_files(folder):
        return True
    contents = look_into(folder, [])
    inner_names = {inner.name.casefold() for inner in contents.folders}
    listed = any(file.name.casefold() in _SURE_LISTS for file in contents.others)
    listed = listed and not any(file.suffix.lower() == ".txt" and is_known(file) for file in contents.others)
    if (
        listed
        and not _holds_classes(contents.folders)
        and not inner_names.isdisjoint(IMAGE_FOLDERS)
        and inner_names.isdisjoint(_OF_OTHERS)
    ):
        return True
    below = [inner for outer in contents.folders for inner in (outer, *look_into(outer, []).folders)]
    folders = LabelFolders(folder)
    return any(_holds_labels(inner, folders) for inner in (folder, *below))


def _holds_classes(folders: Sequence[Path]) -> bool:
    """Return whether a folder of images holds folders that are no splits, as those of classes are."""
    images = [folder for folder in folders if folder.name.casefold() in IMAGE_FOLDERS]
    inner = [one.name for folder in images for one in look_into(folder, []).folders]
    return len(inner) > 1 and not any(map(split_of, inner))


def _holds_labels(folder: Path, folders: LabelFolders) -> bool:
    """Return whether most images that lie directly in a folder have a label file of numbers."""
    images = look_into(folder, []).images[:20]
    files = [file for image in images if (file := folders.file_of(image)).is_file()]
    return bool(files) and 2 * len(files) >= len(images) and any(_is_label_file(file) for file in files)


def _is_label_file(file: Path) -> bool:
    try:
        lines = read_label_file(file).lines[:5]
    except BoxError:
        return False
    return all(not line.fault and len(line.numbers) >= 4 for line in lines)


def images_of_file(file: YoloFile, images_in: str | None, problems: list[Problem]) -> Images:
    """Find the images that a data file names.

    Args:
        file: what it says.
        images_in: folder to look in as well, relative to the file.
        problems: grows by what is not there or listed twice.

    Raises:
        DataError: when no part of it is there.
    """
    near = file.path.parent
    bases = [near / plain(file.base)] if file.base else []
    bases += [near / images_in] if images_in is not None else []
    bases = [*bases, near, near.parent]
    found, finder = Images(near), FileFinder()
    for split, parts in file.parts.items():
        twice: list[Path] = []
        count = 0
        for part in parts:
            where = Problem(f"{file.path}: {split}", f"{part}: no such folder or list; left out")
            listed = _images_of_part(part, bases, finder, problems)
            if not listed:
                problems.append(where if listed is None else Problem(where.where, f"{part}: holds no images"))
            for image in listed or ():
                twice += [image] if found.splits.setdefault(image, split) != split else []
                count += 1
        _tell_twice(file, split, twice, all_of_them=len(twice) == count, problems=problems)
    problems += finder.problems(str(file.path))
    if not found.splits:
        told = "".join(f"\n{problem}" for problem in problems)
        raise DataError(f"{file.path}: none of its images are here; mend train and val, or path{told}")
    return found


def _tell_twice(
    file: YoloFile, split: Split, twice: Sequence[Path], *, all_of_them: bool, problems: list[Problem]
) -> None:
    if twice and all_of_them:
        what = f"{split}: names the images of another split, and no others, so that it would measure what was learned"
        problems.append(Problem(str(file.path), f"{what}; they count there only"))
    elif twice:
        images = counted(len(twice), "image is", "images are")
        what = f"{images} in two splits; the first counts: {some(image.name for image in twice)}"
        problems.append(Problem(str(file.path), what))


def _images_of_part(part: str, bases: Sequence[Path], finder: FileFinder, problems: list[Problem]) -> list[Path] | None:
    """Return the images that one entry of a data file names, None where there is nothing of that name."""
    place = next(places(part, bases, finder), None)
    if place is None and is_pattern(part):
        found = fitting(part, bases)
        inner = [image for folder in found if folder.is_dir() for image in sorted(images_below(folder, problems)[0])]
        return [each for each in found if each.suffix.lower() in IMAGE_EXTENSIONS] + inner if found else None
    if place is None:
        return None
    if place.is_dir():
        return sorted(images_below(place, problems)[0])
    return [place] if place.suffix.lower() in IMAGE_EXTENSIONS else _listed(place, bases, finder)


def _listed(file: Path, bases: Sequence[Path], finder: FileFinder) -> list[Path]:
    """Return the images that a text file lists; where the first folder says they should be, if they are nowhere."""
    found = []
    for line in lines_of(file):
        text = line.strip("\"'")
        if text and "\0" not in text:
            place = next(places(text, [file.parent, *bases], finder), None)
            found.append(place or Path(os.path.normpath(file.parent / plain(text))))
    return found


def images_of_folder(root: Path, problems: list[Problem]) -> Images:
    """Find the images below a folder; lists and folders called like splits put them into these."""
    images = sorted(images_below(root, problems)[0])
    splits = splits_by_lists([root / inner for inner in _LIST_FOLDERS], images, root, problems)
    if splits is None:
        return Images(root, {image: _split_of_folders(image.relative_to(root)) for image in images})
    return Images(root, {image: splits[image] for image in images if image in splits})


def _split_of_folders(path: PurePath) -> Split | None:
    inner = (match[1] for part in path.parts[:-1] if (match := _CVAT_FOLDER.fullmatch(part)))
    return split_above(path) or next((split for name in inner if (split := split_of(name))), None)

"""A folder per class, under split folders or not."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.class_folders import ClassFolder, find_class_folders, report_files
from visionft.data.formats.class_lists import listed_splits
from visionft.data.formats.masks.hints import suspect_masks
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import natural_order, some
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label, RawLabel
from visionft.data.walk import images_below, look_into, tell_ignored
from visionft.errors import DataError
from visionft.imaging.pixels import require_file


class Folder(DataFormat):
    """``ROOT/CLASS/*.jpg``, ``ROOT/{train,val,test}/CLASS/*.jpg`` or ``ROOT/CLASS/{train,val,test}/*.jpg``.

    Deeper folders belong to their class. A folder called like a split is one when it holds folders; otherwise it is a
    class of that name. Where none is, lists of images beside the classes (``train.txt``) make the splits.
    """

    kind: ClassVar[str] = "folder"
    target: ClassVar[type[Target]] = Label

    def read(self, path: Path | None) -> Listing:
        """List the images below a folder, by class folder in natural order.

        Raises:
            DataError: when there is no such folder, or no class folder in it.
        """
        if path is None or not path.is_dir():
            raise DataError(f"{path}: no such folder; give the folder that holds a folder of images per class")
        problems: list[Problem] = []
        ignored: list[Path] = []
        root, class_folders = find_class_folders(path, problems, ignored)
        entries: list[Entry] = []
        for one in class_folders:
            entries += _entries(one, root, problems, ignored)
        if all(entry.split is None for entry in entries):
            splits = listed_splits(path, [require_file(entry.image) for entry in entries], problems)
            if splits is not None:
                listed = [(entry, splits.get(require_file(entry.image))) for entry in entries]
                entries = [replace(entry, split=split) for entry, split in listed if split is not None]
        _tell_deeper(root, class_folders, problems)
        tell_ignored(root, ignored, problems)
        if (hint := suspect_masks(root, entries)) is not None:
            problems.append(hint)
        classes = natural_order(entry.target.stratum or "" for entry in entries)
        return Listing(path.resolve().name, tuple(entries), classes, self.target, tuple(problems), source=str(root))


def _tell_deeper(root: Path, class_folders: Iterable[ClassFolder], problems: list[Problem]) -> None:
    """Tell of folders in the folders of classes, which may be the classes that are meant."""
    deeper = [folder for one in class_folders for folder in _folders_with_images(one.path)]
    if deeper:
        names = some(folder.relative_to(root).as_posix() for folder in deeper)
        what = f"images in {names} are of the class whose folder is above; if these are the classes, move them up"
        problems.append(Problem(str(root), what))


def _folders_with_images(of_class: Path) -> list[Path]:
    """Return the folders of images in a class folder, where it has several and no images beside them."""
    contents = look_into(of_class, [])
    if contents.images or len(contents.folders) < 2:
        return []
    return [folder for folder in contents.folders if look_into(folder, []).images]


def _entries(of_class: ClassFolder, root: Path, problems: list[Problem], ignored: list[Path]) -> list[Entry]:
    images, others = images_below(of_class.path, problems, ignored)
    if not images:
        problems.append(Problem(str(of_class.path), f"the class folder holds no images{_besides(others)}"))
    elif others:
        report_files(of_class.path, others, "without the ending of an image; ignored", problems)
    label = RawLabel(of_class.name)
    return [Entry(image.relative_to(root).as_posix(), image, label, of_class.split) for image in images]


def _besides(others: Iterable[Path]) -> str:
    names = [file.name for file in others]
    return f", only {some(names)}" if names else ""

"""A folder per class, under split folders or not."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.masks.hints import suspect_masks
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import SPLIT_NAMES, natural_order, some
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label, RawLabel
from visionft.data.walk import Contents, images_below, look_into
from visionft.errors import DataError


class Folder(DataFormat):
    """``ROOT/CLASS/*.jpg``, or ``ROOT/{train,val,test}/CLASS/*.jpg``; deeper folders belong to their class.

    A folder called like a split is one when it holds folders; otherwise it is a class of that name.
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
        root = _descend(path)
        problems: list[Problem] = []
        entries: list[Entry] = []
        for class_folder, split in _class_folders(root, problems):
            images, others = images_below(class_folder, problems)
            if not images:
                problems.append(Problem(str(class_folder), f"the class folder holds no images{_besides(others)}"))
            elif others:
                _report(class_folder, others, "not images by their extension; ignored", problems)
            label = RawLabel(class_folder.name)
            entries += [Entry(image.relative_to(root).as_posix(), image, label, split) for image in images]
        if (hint := suspect_masks(root, entries)) is not None:
            problems.append(hint)
        classes = natural_order(entry.target.stratum or "" for entry in entries)
        return Listing(path.resolve().name, tuple(entries), classes, self.target, tuple(problems), source=str(root))


def _descend(path: Path) -> Path:
    """Go into the only folder, such as ``images``, for as long as the class folders must lie below it."""
    contents = look_into(path, [])
    if len(contents.folders) != 1 or contents.images or _is_split(contents.folders[0]):
        return path
    only = contents.folders[0]
    inside = look_into(only, [])
    return _descend(only) if inside.folders and not inside.images else path


def _class_folders(root: Path, problems: list[Problem]) -> list[tuple[Path, Split | None]]:
    contents = look_into(root, problems)
    if problems:  # the root itself cannot be listed
        raise DataError(str(problems[0]))
    splits = [folder for folder in contents.folders if _is_split(folder)]
    if not splits:
        _check_flat(root, contents)
        _report_images_beside(contents, problems)
        return [(folder, None) for folder in contents.folders]
    problems += [
        Problem(str(folder), f"lies beside the split folder {splits[0].name}; ignored")
        for folder in contents.folders
        if folder not in splits
    ]
    found: list[tuple[Path, Split | None]] = []
    for folder in splits:
        inside = look_into(folder, problems)
        _report_images_beside(inside, problems)
        found += [(class_folder, SPLIT_NAMES[folder.name.casefold()]) for class_folder in inside.folders]
    _report_images_beside(contents, problems)
    return found


def _is_split(folder: Path) -> bool:
    return folder.name.casefold() in SPLIT_NAMES and bool(look_into(folder, []).folders)


def _check_flat(root: Path, contents: Contents) -> None:
    if not contents.folders:
        found = f"{len(contents.images)} images but no class folders" if contents.images else "no class folders"
        raise DataError(
            f"{root}: holds {found}; make a folder per class, or give a CSV with columns path,label; for masks or "
            "boxes, give the folder that holds them and the images, or their .json or .yaml file"
        )
    like_splits = [folder.name for folder in contents.folders if folder.name.casefold() in SPLIT_NAMES]
    if len(like_splits) > 1:  # one alone may be a class, such as trains
        raise DataError(
            f"{root}: the split folders {some(like_splits)} hold no class folders, so nothing says what is to be seen; "
            "make a folder per class in each, or give a CSV with columns path,label,split"
        )


def _report_images_beside(contents: Contents, problems: list[Problem]) -> None:
    if contents.images:
        folder = contents.images[0].parent
        _report(folder, contents.images, "images beside the class folders have no class; ignored", problems)


def _report(folder: Path, files: Iterable[Path], what: str, problems: list[Problem]) -> None:
    names = [file.name for file in files]
    problems.append(Problem(str(folder), f"{len(names)} {what}: {some(names)}"))


def _besides(others: Iterable[Path]) -> str:
    names = [file.name for file in others]
    return f", only {some(names)}" if names else ""

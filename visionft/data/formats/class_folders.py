"""Which folders below a folder are classes, and which are splits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from visionft.data.naming import counted, natural_order, some, split_of, splits_among
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import Contents, images_below, look_into
from visionft.errors import DataError

LIST_FOLDERS = ("meta", "lists", "list", "splits", "split", "labels", "annotations", "imagesets")
"""What folders beside those of classes are called that say which images are in which split; in any letter case."""


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder of images of one class.

    Attributes:
        path: its images lie here, or deeper.
        name: of the class.
        split: the part of the data it was put into; None where nothing says so.
    """

    path: Path
    name: str
    split: Split | None = None


def find_class_folders(path: Path, problems: list[Problem], ignored: list[Path]) -> tuple[Path, list[ClassFolder]]:
    """Find the class folders of a tree.

    Args:
        path: the folder that the user gave.
        problems: grows by what is left out.
        ignored: grows by what is hidden or left by systems.

    Returns:
        The folder below which all lie, and the class folders.

    Raises:
        DataError: when there are none.
    """
    root, contents = _descend(path, problems)
    if problems and contents == Contents():  # the root itself cannot be listed
        raise DataError(str(problems[0]))
    ignored += contents.ignored
    inside = {folder: look_into(folder, problems) for folder in contents.folders}
    if splits := _split_folders(inside):
        found = _below_splits(inside, splits, problems, ignored)
    else:
        _check_flat(root, contents)
        found = _above_splits(inside, problems) or [ClassFolder(folder, folder.name) for folder in inside]
    _report_images_beside(contents, problems)
    return root, found


def describe_class_folders(path: Path) -> str:
    """Return the classes of a tree and how many images there are, in words.

    Raises:
        DataError: when it has none.
    """
    root, folders = find_class_folders(path, [], [])
    names = natural_order(folder.name for folder in folders)
    images = len(images_below(root, [])[0])
    return f"folders of classes ({some(names)}) with {images} images; to learn these, take task.kind out"


def report_files(folder: Path, files: Iterable[Path], what: str, problems: list[Problem], noun: str = "file") -> None:
    """Tell how many files there are of a kind, and name the first few."""
    names = [file.name for file in files]
    problems.append(Problem(str(folder), f"{counted(len(names), noun, f'{noun}s')} {what}: {some(names)}"))


def _descend(path: Path, problems: list[Problem]) -> tuple[Path, Contents]:
    """Go into the only folder, such as ``images``, for as long as the class folders must lie below it."""
    contents = look_into(path, problems)
    while not contents.images:
        folders = [folder for folder in contents.folders if not _holds_lists(folder)]
        if len(folders) != 1:
            break
        only = folders[0]
        inside = look_into(only, [])
        if inside.images or not inside.folders or split_of(only.name):
            break
        path, contents = only, inside
    return path, contents


def _holds_lists(folder: Path) -> bool:
    """Return whether a folder is called like one of lists and holds nothing but files that are no images."""
    if folder.name.casefold() not in LIST_FOLDERS:
        return False
    contents = look_into(folder, [])
    return bool(contents.others) and not contents.images and not contents.folders


def _split_folders(inside: Mapping[Path, Contents]) -> dict[Path, Split]:
    """Return the folders that are called like splits and hold folders."""
    named = splits_among(folder.name for folder in inside)
    found = {folder: named[folder.name] for folder in inside if folder.name in named and inside[folder].folders}
    if len(found) == 1:  # perhaps a class, such as trains, which is divided as the others are
        (alone,) = found
        divided = {part.name for part in inside[alone].folders}
        alike = [one for one in inside if one != alone and divided & {part.name for part in inside[one].folders}]
        if len(alike) > 1:
            return {}
    return found


def _below_splits(
    inside: Mapping[Path, Contents], splits: Mapping[Path, Split], problems: list[Problem], ignored: list[Path]
) -> list[ClassFolder]:
    """Return the class folders in split folders; tell of what lies beside either."""
    found: list[ClassFolder] = []
    for folder, split in splits.items():
        contents = _into_twin(inside[folder], split, problems)
        _report_images_beside(contents, problems)
        ignored += contents.ignored
        found += [ClassFolder(of_class, of_class.name, split) for of_class in contents.folders]
    first = next(iter(splits)).name
    for folder in inside.keys() - splits.keys():
        images = len(images_below(folder, [], [])[0])
        flat = images and not inside[folder].folders and splits_among([folder.name])
        without = f"its {images} images lie in no class folders, so that they have no label"
        beside = f"lies beside the split folder {first}; ignored" + (f", with its {images} images" if images else "")
        problems.append(Problem(str(folder), f"{without}; left out" if flat else beside))
    return found


def _into_twin(contents: Contents, split: Split, problems: list[Problem]) -> Contents:
    """Go into a folder that is the only one and called like the split that it lies in: test_set/test_set."""
    while len(contents.folders) == 1 and not contents.images and split_of(contents.folders[0].name) == split:
        contents = look_into(contents.folders[0], problems)
    return contents


def _above_splits(inside: Mapping[Path, Contents], problems: list[Problem]) -> list[ClassFolder]:
    """Return the split folders in class folders, if a class has several; tell of what lies beside them."""
    parts = {folder: splits_among(part.name for part in contents.folders) for folder, contents in inside.items()}
    if not any(len(set(splits.values())) > 1 for splits in parts.values()):
        return []
    found = []
    for folder, contents in inside.items():
        for part in contents.folders:
            if split := parts[folder].get(part.name):
                found.append(ClassFolder(part, folder.name, split))
            else:
                problems.append(Problem(str(part), "lies beside split folders, or where others have some; left out"))
        if contents.images:
            report_files(folder, contents.images, "beside split folders; left out", problems, "image")
    return found


def _check_flat(root: Path, contents: Contents) -> None:
    if not contents.folders:
        found = f"{len(contents.images)} images but no class folders" if contents.images else "no class folders"
        raise DataError(
            f"{root}: holds {found}; make a folder per class, or give a CSV with columns path,label; for masks or "
            "boxes, give the folder that holds them and the images, or their .json or .yaml file"
        )
    like_splits = [folder.name for folder in contents.folders if splits_among([folder.name])]
    alone = len(contents.folders) == 1
    if len(like_splits) > 1 or (like_splits and alone):  # one among others may be a class, such as trains
        raise DataError(
            f"{root}: the split folders {some(like_splits)} hold no class folders, so nothing says what is to be seen; "
            "make a folder per class in each, or give a CSV with columns path,label,split"
        )


def _report_images_beside(contents: Contents, problems: list[Problem]) -> None:
    if contents.images:
        folder = contents.images[0].parent
        report_files(folder, contents.images, "beside the class folders without a class; ignored", problems, "image")

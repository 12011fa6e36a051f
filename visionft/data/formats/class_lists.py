"""Lists beside class folders that put their images into splits: ``train.txt``, or CUB's ``train_test_split.txt``."""

from collections.abc import Sequence
from pathlib import Path

from visionft.data.formats.class_folders import LIST_FOLDERS
from visionft.data.formats.listed import Names, lines_of, splits_by_lists
from visionft.data.naming import some
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import look_into
from visionft.errors import DataError

_NUMBERED = ("images.txt", "train_test_split.txt")  # a number and a path, and the number and 1 for training


def listed_splits(path: Path, images: Sequence[Path], problems: list[Problem]) -> dict[Path, Split] | None:
    """Return the split of each image that lists state; None where there are none.

    Args:
        path: the folder that was given.
        images: of all class folders, wherever these lie below it.
        problems: grows by what the lists are called, and by images in none, which are left out.
    """
    folders = [path, *(folder for folder in look_into(path, []).folders if folder.name.casefold() in LIST_FOLDERS)]
    if not any(any(folder.glob("*.txt")) for folder in folders):
        return None
    found = _by_number(path, images)
    found = splits_by_lists(folders, images, path, problems) if found is None else found
    if found is not None:
        splits = [f"{sum(split == name for split in found.values())} {name}" for name in dict.fromkeys(found.values())]
        problems.append(Problem(str(path), f"lists beside the classes make the splits: {some(splits)}"))
    return found


def _by_number(path: Path, images: Sequence[Path]) -> dict[Path, Split] | None:
    """Return the splits of lists that number the images, as those of birds by Caltech and by Cornell do."""
    try:
        paths, parts = (dict(_pairs(path / name)) for name in _NUMBERED)
    except (DataError, ValueError):
        return None
    names = Names(images)
    found = {number: names.find(text) for number, text in paths.items()}
    return {
        image: "train" if parts[number] == "1" else "test"
        for number, image in found.items()
        if image is not None and parts.get(number) in ("0", "1")
    } or None


def _pairs(file: Path) -> list[tuple[str, str]]:
    if not file.is_file():
        raise DataError(f"{file}: no such file")
    pairs = []
    for line in lines_of(file):
        number, text = line.split(maxsplit=1)
        pairs.append((number, text))
    return pairs

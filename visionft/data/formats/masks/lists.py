"""Lists of names that say which images train, validate and test, as ``ImageSets/Segmentation/train.txt`` does.

A line names an image or its mask, with folders or without, with an ending or without, in quotes or not; more may
follow behind it, such as the mask's name. ``trainval`` counts where no other list has the image.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.names import without_image_ending
from visionft.data.formats.masks.pairing import Pair
from visionft.data.naming import counted, some, split_of
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import look_into, read_lines

_OF_VOC = "ImageSets/Segmentation"
_FOLDERS = (_OF_VOC, "ImageSets", "splits", "split", "lists", "list", ".")
_ADDED = re.compile(
    r"^(?:images?|masks?|seg)[-_]|[-_](?:list|files?|images?|imgs|set|split|ids|names|seg)$", re.IGNORECASE
)


def with_listed_splits(root: Path, pairs: Sequence[Pair], problems: list[Problem]) -> list[Pair]:
    """Return the pairs with the splits that lists state; folders called like splits go first.

    Args:
        root: the data's folder.
        pairs: as the layout gives them.
        problems: grows by what lists say that is not understood, or contradicts the folders.
    """
    files = list(_lists(root, problems))
    known = _names_of(root, pairs)
    stated: dict[int, Split] = {}
    for file, split in sorted(files, key=lambda found: found[1] is None):  # trainval last
        lines = _names_in(file)
        found = {line: at for line in lines if (at := _find(line, known)) is not None}
        if not found:
            if lines and file.parent != root:
                problems.append(Problem(str(file), f"none of its {len(lines)} lines names an image; not used"))
            continue
        _tell(file, [line for line in lines if line not in found], "have no image with a mask", problems)
        twice = [line for line, at in found.items() if split is not None and stated.get(at, split) != split]
        _tell(file, twice, "are in another list as well, which counts", problems)
        for at in found.values():
            stated.setdefault(at, split or "train")
    if not stated:
        return list(pairs)
    missing = [pair.image.name for at, pair in enumerate(pairs) if at not in stated and pair.split is None]
    if missing:
        what = f"{counted(len(missing), 'image is', 'images are')} in none of the lists and may train: {some(missing)}"
        problems.append(Problem(str(files[0][0].parent), what))
    otherwise = [
        pair.image.name for at, pair in enumerate(pairs) if pair.split and stated.get(at, pair.split) != pair.split
    ]
    _tell(files[0][0].parent, otherwise, "lie in the folder of another split, which counts", problems)
    return [replace(pair, split=pair.split or stated.get(at)) for at, pair in enumerate(pairs)]


def _tell(where: Path, names: Sequence[str], what: str, problems: list[Problem]) -> None:
    if names:
        problems.append(Problem(str(where), f"{len(names)} names {what}: {some(names)}"))


def _lists(root: Path, problems: list[Problem]) -> Iterable[tuple[Path, Split | None]]:
    """Yield each list with its split, None of trainval."""
    for folder in _FOLDERS:
        for file in look_into(root / folder, []).others if (root / folder).is_dir() else ():
            if file.suffix.lower() not in (".txt", ".lst", ".csv", ""):
                continue
            name = _ADDED.sub("", file.stem)
            split = split_of(name) or split_of(re.split(r"[-_ ]", name)[-1]) or split_of(re.split(r"[-_ ]", name)[0])
            if name.casefold() in ("trainval", "train_val"):
                yield file, None
            elif split is not None:
                yield file, split
            elif folder == _OF_VOC:
                problems.append(Problem(str(file), "is called like no split (train, val, test, trainval); not used"))


def _names_in(file: Path) -> list[str]:
    return [line.strip() for line in read_lines(file) if line.strip()]


def _names_of(root: Path, pairs: Sequence[Pair]) -> dict[str, int]:
    """Return name, with folders and without, -> number of the pair; names of several are left out."""
    known: dict[str, int] = {}
    several: set[str] = set()
    for at, pair in enumerate(pairs):
        paths = [path.relative_to(root).with_suffix("") for path in (pair.image, *pair.masks)]
        names = {"/".join(path.parts[first:]) for path in paths for first in range(len(path.parts))}
        for name in names | {without_image_ending(name) for name in names}:
            if known.setdefault(name, at) != at:
                several.add(name)
    return {name: at for name, at in known.items() if name not in several}


def _find(line: str, known: dict[str, int]) -> int | None:
    """Return the number of the pair that a line names: by all of it, else by its first word."""
    for text in (line, re.split(r"[\s,;]+", line)[0]):
        plain = text.strip(" '\"").replace("\\", "/").removeprefix("./")
        parts = PurePosixPath(plain).parts
        for first in range(len(parts)):
            name = "/".join(parts[first:])
            for candidate in (name, without_image_ending(name)):
                if candidate in known:
                    return known[candidate]
    return None

"""Lists of names that say which images train, validate and test, as ``ImageSets/Segmentation/train.txt`` does.

A line names an image or its mask, with folders or without, with an ending or without, in quotes or not; more may
follow behind it, such as the mask's name. ``trainval`` counts where no other list has the image.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from visionft.data.formats.masks.names import without_image_ending
from visionft.data.formats.masks.pairing import Pair
from visionft.data.naming import some, split_of
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import look_into, read_lines

_OF_VOC = "Segmentation"  # in ImageSets
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
    known: dict[str, int] = {}
    stated: dict[int, Split] = {}
    for folder in _folders(root):
        for file, split in _lists(folder, problems, strict=folder.name == _OF_VOC):
            known = known or _names_of(root, pairs)
            _read(file, split, known, stated, problems, strict=folder != root)
        if stated:
            break
    if not stated:
        return list(pairs)
    otherwise = [
        pair.image.name for at, pair in enumerate(pairs) if pair.split and stated.get(at, pair.split) != pair.split
    ]
    _tell(root, otherwise, "lie in the folder of another split, which counts", problems)
    return [replace(pair, split=pair.split or stated.get(at)) for at, pair in enumerate(pairs)]


def _tell(where: Path, names: Sequence[str], what: str, problems: list[Problem]) -> None:
    if names:
        problems.append(Problem(str(where), f"{len(names)} names {what}: {some(names)}"))


def _read(
    file: Path,
    split: Split | None,
    known: Mapping[str, int],
    stated: dict[int, Split],
    problems: list[Problem],
    *,
    strict: bool,
) -> None:
    """Add what a list states to what lists before it did; ``strict`` tells of one that names nothing."""
    lines = _names_in(file)
    found = {line: at for line in lines if (at := _find(line, known)) is not None}
    if not found:
        if lines and strict:
            problems.append(Problem(str(file), f"none of its {len(lines)} lines names an image; not used"))
        return
    _tell(file, [line for line in lines if line not in found], "have no image with a mask", problems)
    twice = [line for line, at in found.items() if split is not None and stated.get(at, split) != split]
    _tell(file, twice, "are in another list as well, which counts", problems)
    for at in found.values():
        stated.setdefault(at, split or "train")


def _folders(root: Path) -> list[Path]:
    """Return where lists may lie: in folders without images, those of VOC's name first, and in the data's folder."""
    above = [folder for folder in look_into(root, []).folders if not look_into(folder, []).images]
    inside = [inner for folder in above for inner in look_into(folder, []).folders if not look_into(inner, []).images]
    return [*sorted(inside, key=lambda folder: (folder.name != _OF_VOC, folder)), *above, root]


def _lists(folder: Path, problems: list[Problem], *, strict: bool) -> list[tuple[Path, Split | None]]:
    """Return each list in a folder with its split, those of trainval, which have none, last."""
    found: list[tuple[Path, Split | None]] = []
    for file in look_into(folder, []).others:
        if file.suffix.lower() not in (".txt", ".lst", ""):
            continue
        name = _ADDED.sub("", file.stem)
        words = re.split(r"[-_ ]", name)
        split = split_of(name) or split_of(words[-1]) or split_of(words[0])
        if name.casefold() in ("trainval", "train_val"):
            found.append((file, None))
        elif split is not None:
            found.append((file, split))
        elif strict:
            problems.append(Problem(str(file), "is called like no split (train, val, test, trainval); not used"))
    return sorted(found, key=lambda item: item[1] is None)


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


def _find(line: str, known: Mapping[str, int]) -> int | None:
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

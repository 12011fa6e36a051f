"""Where a path of somebody else's machine lies on this one."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from visionft.data.file_finder import FileFinder
from visionft.data.formats.listed import plain
from visionft.data.formats.masks.layout import IMAGE_FOLDERS


def places(part: str, bases: Sequence[Path], finder: FileFinder) -> Iterator[Path]:
    """Yield what exists of the places that a path may mean, the likeliest first.

    It is looked for as it stands, without the dots and folders in front, and then in other letter case.

    Args:
        part: the path, of any system, or a pattern such as ``train/*.jpg``, which stands for what fits it.
        bases: folders that it may be relative to.
        finder: finds names in other letter case; it remembers what folders hold.
    """
    path = PurePosixPath(plain(part))
    words = [word for word in path.parts if word not in ("..", ".", "/")]
    tails = [PurePosixPath(*words[at:]) for at in range(len(words))]
    if len(tails) > 1 and tails[-1].name.casefold() in IMAGE_FOLDERS:
        tails.pop()  # images of which split?
    for name in (path, *tails):
        for base in bases:
            place = base / name
            if os.path.exists(place):  # noqa: PTH110  # that of Path raises for names that are too long
                yield Path(os.path.normpath(place))
    for name in tails:
        for base in bases:
            if (found := finder.find(base / name)) is not None:
                yield found


def fitting(pattern: str, bases: Sequence[Path]) -> list[Path]:
    """Return the files and folders that fit a pattern, in order of name; of the first folder where some do."""
    path = PurePosixPath(plain(pattern))
    words = [word for word in path.parts if word not in ("..", ".", "/")]
    for name in (path, *(PurePosixPath(*words[at:]) for at in range(len(words) - 1))):
        for base in bases:
            if found := glob.glob(str(base / name), recursive=True):  # noqa: PTH207  # takes .. and /
                return sorted(Path(os.path.normpath(each)) for each in found)
    return []


def is_pattern(part: str) -> bool:
    """Return whether a path has ``*`` or ``?`` in it."""
    return any(sign in part for sign in "*?")

"""Walking folders that people made: links, loops, folders without permission; and their lists of names."""

import os
from dataclasses import dataclass
from pathlib import Path

from visionft.data.naming import is_junk, some
from visionft.data.records import Problem
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies directly in a folder, junk left out, each in order of name."""

    folders: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()


def look_into(folder: Path, problems: list[Problem]) -> Contents:
    """Sort what lies in a folder into folders, images (by extension) and other files.

    Args:
        folder: any folder.
        problems: grows by what cannot be listed.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if not is_junk(name))  # noqa: PTH208  # names suffice
    except OSError as error:
        problems.append(Problem(str(folder), f"the folder cannot be read ({error.strerror})"))
        return Contents()
    if foreign := [ascii(name) for name in names if not _is_text(name)]:
        what = f"{len(foreign)} names that are not UTF-8 text: {some(foreign)}; ignored; rename them"
        problems.append(Problem(str(folder), what))
    folders, images, others = [], [], []
    for path in (folder / name for name in names if _is_text(name)):
        if path.is_dir():
            folders.append(path)
        elif path.suffix.lower() in IMAGE_EXTENSIONS:
            images.append(path)  # a link to nothing is told when the file is opened
        else:
            others.append(path)
    return Contents(tuple(folders), tuple(images), tuple(others))


def _is_text(name: str) -> bool:
    """Return whether a name is text, which reports, logs and seeds need; archives of other systems bring others."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def images_below(folder: Path, problems: list[Problem]) -> tuple[list[Path], list[Path]]:
    """Find the files at any depth below a folder; links are followed, loops are not.

    Args:
        folder: where to begin.
        problems: grows by what cannot be followed.

    Returns:
        The image files and the other files.
    """
    images: list[Path] = []
    others: list[Path] = []
    waiting: list[tuple[Path, frozenset[Path]]] = [(folder, frozenset())]
    while waiting:
        current, above = waiting.pop()
        real = current.resolve()
        if real in above:
            problems.append(Problem(str(current), "is a link to a folder that it lies in; not followed"))
            continue
        contents = look_into(current, problems)
        images += contents.images
        others += contents.others
        waiting += [(inner, above | {real}) for inner in contents.folders]
    return images, others


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file.

    Raises:
        DataError: when it cannot be read as UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason})") from error

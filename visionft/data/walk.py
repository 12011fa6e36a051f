"""Walking folders that people made: links, loops, folders without permission, pipes; and their lists of names."""

import codecs
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visionft.data.naming import counted, is_junk, is_never_data, some
from visionft.data.records import Problem
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS
from visionft.imaging.regular_file import read_regular_file


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies directly in a folder, each in order of name.

    Attributes:
        folders: folders, and links to some.
        images: files that are images by their extension.
        others: all other files.
        ignored: folders and images, not among the above, that are hidden or left by systems, such as thumbnails.
    """

    folders: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    ignored: tuple[Path, ...] = ()


_listed: ContextVar[dict[Path, tuple[Contents, tuple[Problem, ...]]] | None] = ContextVar("listed", default=None)


@contextmanager
def each_folder_listed_once() -> Iterator[None]:
    """Let ``look_into`` remember what it found, as long as many look for their own signs in the same folders."""
    token = _listed.set({}) if _listed.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _listed.reset(token)


def look_into(folder: Path, problems: list[Problem]) -> Contents:
    """Sort what lies in a folder into folders, images (by extension) and other files; nothing is opened.

    Args:
        folder: any folder.
        problems: grows by what cannot be listed, and by what is no file: pipes, sockets and devices.
    """
    listed = _listed.get()
    known = None if listed is None else listed.get(folder)
    if known is None:
        found: list[Problem] = []
        known = _list(folder, found), tuple(found)
    if listed is not None:
        listed[folder] = known
    problems += known[1]
    return known[0]


def _list(folder: Path, problems: list[Problem]) -> Contents:
    try:
        with os.scandir(folder) as listing:
            found = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        problems.append(Problem(str(folder), f"the folder cannot be read ({error.strerror})"))
        return Contents()
    if foreign := [ascii(entry.name) for entry in found if not _is_text(entry.name) and not is_junk(entry.name)]:
        encoding = sys.getfilesystemencoding()
        wide = codecs.lookup(encoding).name == "utf-8"
        how = "rename them" if wide else f"Python reads names as {encoding} here: start it with PYTHONUTF8=1"
        what = f"{len(foreign)} names that are not {'UTF-8 ' * wide}text: {some(foreign)}; ignored; {how}"
        problems.append(Problem(str(folder), what))
    folders, images, others, ignored, special = [], [], [], [], []
    for entry in found:
        if not _is_text(entry.name):
            continue
        path, kind = folder / entry.name, _kind(entry)
        if is_junk(entry.name):
            if not is_never_data(entry.name) and (kind == "folder" or path.suffix.lower() in IMAGE_EXTENSIONS):
                ignored.append(path)
        elif kind == "folder":
            folders.append(path)
        elif kind == "special":
            special.append(entry.name)
        elif path.suffix.lower() in IMAGE_EXTENSIONS:
            images.append(path)  # a link to nothing is told when the file is opened
        else:
            others.append(path)
    if special:
        what = f"{len(special)} pipes, sockets or devices, which are never opened: {some(special)}; ignored"
        problems.append(Problem(str(folder), what))
    return Contents(tuple(folders), tuple(images), tuple(others), tuple(ignored))


def _kind(entry: os.DirEntry[str]) -> Literal["folder", "file", "special"]:
    """Return what an entry is; what only looking at it could tell is a file, which tells it when it is opened."""
    try:
        if entry.is_dir():
            return "folder"
        lost = entry.is_symlink() and not os.path.exists(entry.path)  # noqa: PTH110  # scandir has the text
    except OSError:  # a link that leads in a circle, or where nobody may look
        return "file"
    return "file" if entry.is_file() or lost else "special"


def _is_text(name: str) -> bool:
    """Return whether a name is text, which reports, logs and seeds need; archives of other systems bring others."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def images_below(
    folder: Path, problems: list[Problem], ignored: list[Path] | None = None
) -> tuple[list[Path], list[Path]]:
    """Find the files at any depth below a folder; links are followed, loops are not.

    Args:
        folder: where to begin.
        problems: grows by what cannot be followed.
        ignored: grows by what is hidden or left by systems, for ``tell_ignored``; None tells it at once.

    Returns:
        The image files and the other files.
    """
    found = [contents for _, contents in walk(folder, problems)]
    left = [] if ignored is None else ignored
    for contents in found:
        left += contents.ignored
    if ignored is None:
        tell_ignored(folder, left, problems)
    return [file for one in found for file in one.images], [file for one in found for file in one.others]


def walk(folder: Path, problems: list[Problem]) -> Iterator[tuple[Path, Contents]]:
    """Yield each folder from one on down, with what lies in it; links are followed, loops are not.

    Args:
        folder: where to begin.
        problems: grows by what cannot be followed.
    """
    waiting: list[tuple[Path, frozenset[Path]]] = [(folder, frozenset())]
    while waiting:
        current, above = waiting.pop()
        real = current.resolve()
        if real in above:
            problems.append(Problem(str(current), "is a link to a folder that it lies in; not followed"))
            continue
        contents = look_into(current, problems)
        yield current, contents
        waiting += [(inner, above | {real}) for inner in contents.folders]


def tell_ignored(root: Path, ignored: Iterable[Path], problems: list[Problem]) -> None:
    """Tell, in one problem, of hidden folders and images, such as thumbnails.

    Args:
        root: what their names are told relative to.
        ignored: of the folders below it.
        problems: grows by one, or by nothing.
    """
    names = [path.relative_to(root).as_posix() for path in ignored]
    if names:
        what = "hidden, or left by a system or tool, such as thumbnails; ignored"
        problems.append(Problem(str(root), f"{counted(len(names), 'is', 'are')} {what}: {some(names, 3)}"))


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file.

    Raises:
        DataError: when it cannot be read as UTF-8 text.
    """
    try:
        return read_regular_file(path).decode("utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason})") from error

"""Finding the files that a list names, also where a system has spelled their names in another way."""

import os
import unicodedata
from collections import defaultdict
from pathlib import Path

from visionft.data.naming import counted, some
from visionft.data.records import Problem


class FileFinder:
    """Finds files and folders by path, else by a path that differs in letter case or Unicode form (NFC, NFD) alone.

    Lists written on Windows or macOS and read on Linux name ``IMG_1.JPG`` for ``img_1.jpg``, and ``é`` in one letter
    for one in two. Make one for a reading of data, which lists each folder once, and only where a path is not there::

        finder = FileFinder()
        image = finder.find(root / name) or root / name  # opening the latter tells that it is missing
        ...
        problems += finder.problems(str(list_file))  # one, where names were spelled otherwise
    """

    def __init__(self) -> None:
        self._names: dict[Path, dict[str, list[str]]] = {}
        self._respelled: dict[Path, Path] = {}

    def find(self, path: Path) -> Path | None:
        """Return the path if it is there, else the only one that is spelled otherwise; None where there is none.

        Args:
            path: absolute, or relative to the working folder; without ``..``.
        """
        if os.path.exists(path):  # noqa: PTH110  # that of Path raises for names that are too long
            return path
        parent = path.parent
        folder = parent if parent == path or parent.is_dir() else self.find(parent)
        if folder is None or parent == path:
            return None
        if folder not in self._names:
            self._names[folder] = _names_in(folder)
        found = self._names[folder].get(spelling(path.name), [])
        if len(found) != 1:  # of several, nobody knows which is meant
            return None
        self._respelled[path] = folder / found[0]
        return folder / found[0]

    def problems(self, where: str) -> list[Problem]:
        """Return what a person is told of names that were found spelled otherwise; nothing where none was.

        Args:
            where: the file that names them.
        """
        found = [(asked.name, there.name) for asked, there in self._respelled.items() if asked.name != there.name]
        if not found:
            return []
        names = counted(len(found), "name is", "names are")
        shown = some((f"{asked!a} for {there!a}" for asked, there in found), 3)
        return [Problem(where, f"{names} found in another letter case or Unicode form: {shown}")]


def _names_in(folder: Path) -> dict[str, list[str]]:
    names = defaultdict(list)
    try:
        for name in os.listdir(folder):  # noqa: PTH208  # names suffice
            names[spelling(name)].append(name)
    except OSError:  # told where its files are opened
        return {}
    return names


def spelling(name: str) -> str:
    """Return the same text for names that people read alike."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())

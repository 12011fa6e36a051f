"""Where the pictures are that an annotation file names, whatever machine or server the names are of."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from visionft.data.formats.coco.names import holds_annotations, words_of
from visionft.data.naming import is_junk
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS

_DEEPEST, _MOST = 4, 500_000  # folders below the first, and names: nobody waits for a whole disk to be searched
_FOLDERS = ("images", "data", "JPEGImages")
_LAST_PARTS = 3  # of a path on another machine


class ImageFinder:
    """Finds the pictures of one annotation file.

    Args:
        path: the annotation file.
        images_in: the folder of its images, relative to the file; None looks around the file.
        root: the folder that the user named, which may be searched; None where it was the file.

    Raises:
        DataError: when there is no such folder.
    """

    def __init__(self, path: Path, images_in: str | None, root: Path | None) -> None:
        self.words = frozenset(word.casefold() for word in words_of(path))
        here = path.parent
        if images_in is not None:
            folder = here / images_in
            if not folder.is_dir():
                raise DataError(
                    f"data.images: {folder}: no such folder; give the folder of the images, relative to the JSON file"
                )
            self.folders: tuple[Path, ...] = (folder,)
            self._searched = folder
        else:
            self.folders = tuple(_folders_around(path))
            self._searched = root or (here.parent if holds_annotations(here.name) else here)

    def find(self, stated: str) -> Path | None:
        """Return the file of an image; None where there is none, or several may be meant."""
        tried: list[PurePosixPath] = []
        for spelling in _spellings(stated):
            if spelling in tried:
                continue
            tried.append(spelling)
            for name in _endings(spelling):
                for folder in self.folders:
                    if os.path.isfile(file := os.path.join(folder, name)):  # noqa: PTH113, PTH118  # also of odd names
                        return Path(os.path.normpath(file))
        return self._search(tried)

    def supposed(self, stated: str) -> Path:
        """Return where an image should be that is nowhere."""
        name = next(_spellings(stated))
        return Path(os.path.normpath(self.folders[0] / (name.name if _is_foreign(name) else name)))

    def _search(self, spellings: Sequence[PurePosixPath]) -> Path | None:
        """Return the file further below whose last parts agree best; names in another letter case or form count."""
        best: tuple[tuple[int, int], list[Path]] = ((0, 0), [])
        for spelling in spellings:
            parts = [_plain(part) for part in spelling.parts]
            for file in self._files.get(_plain(spelling.name), ()):
                folders = [_plain(part) for part in file.parts]
                agreeing = next(
                    (
                        at
                        for at, pair in enumerate(zip(reversed(parts), reversed(folders), strict=False))
                        if pair[0] != pair[1]
                    ),
                    len(parts),
                )
                score = (agreeing, len(self.words.intersection(folders)))
                if score > best[0]:
                    best = (score, [file])
                elif score == best[0] and file not in best[1]:
                    best[1].append(file)
        return best[1][0] if len(best[1]) == 1 else None

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        """Every image file below by its plain name, with and without its ending."""
        found: dict[str, list[Path]] = defaultdict(list)
        for file in _images_below(self._searched):
            found[_plain(file.name)].append(file)
            found[_plain(file.stem)].append(file)
        return found


def _folders_around(path: Path) -> Iterator[Path]:
    """Yield where images may be: here, or above, in a folder such as images, or one that the file's name names."""
    here, above = path.parent, path.parent.parent
    usual = [here / name for name in _FOLDERS]
    named = [
        folder / word
        for word in words_of(path)
        for folder in (here, *usual, above, *(above / name for name in _FOLDERS))
    ]
    for folder in dict.fromkeys((here, *usual[:1], *named, *usual[1:], above, *(above / name for name in _FOLDERS))):
        if folder.is_dir():
            yield folder


def _spellings(stated: str) -> Iterator[PurePosixPath]:
    """Yield what a name may mean: as it is, without server and query, without percent signs."""
    text = stated.strip().replace("\\", "/")
    yield PurePosixPath(text)
    if named := re.search(r"[?&]d=([^&]+)", text):  # of Label Studio's local files
        yield PurePosixPath(unquote(named[1]))
    bare = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]+://[^/]*/", "", text)
    yield PurePosixPath(bare)
    if PurePosixPath(bare.partition("?")[0]).name:
        yield PurePosixPath(bare.partition("?")[0])
        yield PurePosixPath(unquote(bare.partition("?")[0]))


def _endings(name: PurePosixPath) -> Iterator[str]:
    """Yield a relative path and its last parts; nothing that leads out of a folder."""
    parts = list(name.parts)
    foreign = _is_foreign(name)
    if ".." in parts:
        parts = parts[len(parts) - parts[::-1].index("..") :]
    if foreign:
        parts = [part for part in parts if part != "/" and not re.match(r"[A-Za-z]:", part)]
    if not parts:
        return
    if not foreign or len(parts) <= _LAST_PARTS:
        yield "/".join(parts)
    for count in range(min(_LAST_PARTS, len(parts) - 1), 0, -1):
        yield "/".join(parts[-count:])


def _is_foreign(name: PurePosixPath) -> bool:
    """Return whether a path is one of another machine, or leads out of a folder."""
    return name.is_absolute() or ".." in name.parts or re.match(r"[A-Za-z]:", str(name)) is not None


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _images_below(folder: Path) -> Iterator[Path]:
    """Yield image files, in order, as deep as data lie."""
    waiting, seen = [(folder, 0)], 0
    while waiting and seen < _MOST:
        current, depth = waiting.pop(0)
        inner = []
        for entry in _entries(current):
            seen += 1
            if entry.is_dir():
                inner.append((Path(entry.path), depth + 1))
            elif PurePosixPath(entry.name).suffix.lower() in IMAGE_EXTENSIONS:
                yield Path(entry.path)
        waiting += inner if depth < _DEEPEST else []


def _entries(folder: Path) -> Iterable["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if not is_junk(entry.name)), key=lambda entry: entry.name)
    except OSError:  # told where the pictures are missing
        return ()

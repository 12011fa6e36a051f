"""Where the images are that a table names: beside it, below it, or called a little differently."""

import os
import re
import unicodedata
from collections import Counter, defaultdict
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from visionft.data.formats.tables.files import split_of_file
from visionft.data.formats.tables.names import names_an_image
from visionft.data.formats.tables.splits import LEFT_OUT, splits_of_rows
from visionft.data.formats.tables.table import Table, TableRow, lines_of
from visionft.data.naming import counted, some, split_above
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.walk import images_below
from visionft.errors import DataError

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_DRIVE = re.compile(r"[a-z]:/", re.IGNORECASE)
_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)")  # Label Studio puts a number before the names of files
_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages", "pictures", "photos")
_HOW = {
    "url": "named by their addresses, and were found by the end of these",
    "absolute": "named as they lay elsewhere, and were found by the end of their paths",
    "ending": "named without the extension that they have",
    "moved": "not where the table says, and were found by their names",
}


class Place(NamedTuple):
    """Which image a row is about.

    Attributes:
        id: relative path with forward slashes.
        path: where the file is, or should be.
        split: the part of the data it was put into, None where the row does not say.
    """

    id: str
    path: Path
    split: Split | None


class _PlacedImage(NamedTuple):
    """Where an image is, how it was found, and whether the table states an absolute path that is right."""

    path: Path
    how: str = ""
    absolute: bool = False


def place_rows(
    table: Table, base: Path, images_in: str | None, problems: list[Problem]
) -> tuple[list[Place | None], tuple[str, ...]]:
    """Find the image of each row.

    Args:
        table: the rows.
        base: the folder that ids are relative to.
        images_in: the folder of the images, relative to the table's; None looks beside and below it.
        problems: grows by what was found elsewhere, is not there, or is left out.

    Returns:
        A place for each row, None where it is left out; and the columns that make the splits.

    Raises:
        DataError: when the splits cannot be understood, or there is no such folder.
    """
    splits, columns = splits_of_rows(table, problems)
    files = {row.file for row in table.rows}
    finders = {file: _Finder(file.parent, images_in) for file in files}
    of_file = {file: split_of_file(file) for file in files}
    found: list[_PlacedImage | None] = []
    nameless: list[TableRow] = []
    for row, split in zip(table.rows, splits, strict=True):
        name = row.cells.get(table.image.casefold(), "")
        if not name or "\0" in name:
            nameless.append(row)
        if not name or "\0" in name or split == LEFT_OUT:
            found.append(None)
        else:
            found.append(finders[row.file].find(name, split or of_file[row.file]))
    if nameless:
        rows = counted(len(nameless), "row names", "rows name")
        problems.append(Problem(str(table.path), f"{rows} no image; left out: {lines_of(nameless)}"))
    _take_back(table, found)
    _tell(table, found, base, problems)
    return [
        None if one is None or split == LEFT_OUT else Place(_id(one, base), one.path, split)
        for one, split in zip(found, splits, strict=True)
    ], columns


class _Finder:
    """Finds the images that a table names.

    Args:
        root: the table's folder.
        images_in: the folder of the images, relative to it.
    """

    def __init__(self, root: Path, images_in: str | None) -> None:
        self._root = root if images_in is None else root / images_in
        if not self._root.is_dir():
            raise DataError(
                f"data.images: {self._root}: no such folder; give the folder of the images, relative to the table's"
            )
        self._table_root = root

    @cached_property
    def _relative(self) -> dict[str, Path]:
        """Relative path with forward slashes -> image, of all below the folder, or of a folder of images beside it."""
        folders = [self._root]
        if self._root == self._table_root:
            beside = sorted(self._root.parent.iterdir()) if self._root.parent.is_dir() else []
            folders += [folder for folder in beside if folder.name.casefold() in _IMAGE_FOLDERS and folder.is_dir()]
        for folder in folders:
            if images := images_below(folder, [])[0]:
                return {image.relative_to(folder).as_posix(): image for image in sorted(images)}
        return {}

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Last part of a path, with and without its extension -> relative paths; both for comparison only."""
        names = defaultdict(list)
        for relative in self._relative:
            last = PurePosixPath(_key(relative))
            names[last.name].append(relative)
            names[last.stem].append(relative)
        return names

    def find(self, name: str, split: Split | None) -> _PlacedImage:
        """Return where an image is; where it should be, if it is nowhere."""
        stated, how = _cleaned(name)
        here = self._root / os.path.normpath(stated.lstrip("/") if how == "url" else stated)
        if here.is_file():
            return _PlacedImage(here, how if how == "url" else "", here.as_posix() == os.path.normpath(stated))
        if "%" in stated and (self._root / (decoded := unquote(stated))).is_file():
            return _PlacedImage(self._root / decoded, "moved")
        found = self._elsewhere(stated, split, by_name=bool(how) or "/" not in stated)
        if found is None and (uploaded := _UPLOADED.fullmatch(PurePosixPath(stated).name)):
            found = self._elsewhere(uploaded[1], split, by_name=True)
        if found is None:
            return _PlacedImage(here, "missing", how == "absolute")
        same_name = _key(found.name) == _key(PurePosixPath(stated).name)
        return _PlacedImage(found, how or ("moved" if same_name else "ending"))

    def _elsewhere(self, stated: str, split: Split | None, *, by_name: bool) -> Path | None:
        """Return the only image whose path ends like the stated one; None where none or several do."""
        parts = [part for part in PurePosixPath(_key(stated)).parts if part not in ("/", ".", "..")]
        if not parts:
            return None
        stem = parts[-1] if not names_an_image(parts[-1]) else PurePosixPath(parts[-1]).stem
        candidates = self._by_name.get(parts[-1]) or self._by_name.get(stem, [])
        for start in range(len(parts)):
            folders = parts[start:-1]
            fits = [one for one in candidates if _folders(one)[-len(folders) :] == folders or not folders]
            if not folders and not by_name:  # its own name alone, in another folder than stated
                fits = [one for one in fits if "/" not in one]
            if len(fits) > 1 and split is not None:
                fits = [one for one in fits if split_above(PurePosixPath(one)) == split] or fits
            if fits:
                return self._relative[fits[0]] if len(fits) == 1 else None
        return None


def _folders(relative: str) -> list[str]:
    return list(PurePosixPath(_key(relative)).parts[:-1])


def _key(path: str) -> str:
    """Return a path for comparisons: in one letter case and one way to write accents."""
    return unicodedata.normalize("NFC", path).casefold()


def _cleaned(name: str) -> tuple[str, str]:
    """Return a path with forward slashes, and whether it is of another machine or the web."""
    if _URL.match(name):
        return unquote(urlsplit(name).path), "url"
    path = name.replace("\\", "/")  # a CSV written on Windows works elsewhere
    return path, "absolute" if path.startswith("/") or _DRIVE.match(path) else ""


def _take_back(table: Table, found: list[_PlacedImage | None]) -> None:
    """Take back what was found for rows of different names, or is what another row names: nobody knows whose it is."""
    claims: dict[Path, set[str]] = defaultdict(set)
    for row, one in zip(table.rows, found, strict=True):
        if one is not None:
            claims[one.path].add(row.cells[table.image.casefold()])
    for at, one in enumerate(found):
        if one is not None and one.how in _HOW and len(claims[one.path]) > 1:
            name = table.rows[at].cells[table.image.casefold()]
            stated = os.path.normpath(_cleaned(name)[0].lstrip("/"))
            found[at] = _PlacedImage(table.rows[at].file.parent / stated, "missing")


def _tell(table: Table, found: list[_PlacedImage | None], base: Path, problems: list[Problem]) -> None:
    names = [row.cells.get(table.image.casefold(), "") for row in table.rows]
    counts = Counter(one.how for one in found if one is not None)
    for how, what in _HOW.items():
        examples = [
            f"{name} is {_id(one, base)}"
            for name, one in zip(names, found, strict=True)
            if one is not None and one.how == how
        ]
        if examples:
            images = counted(len(examples), "image is", "images are")
            problems.append(Problem(str(table.path), f"{images} {what}: {some(examples, 1)}"))
    if counts["missing"]:
        lost = [name for name, one in zip(names, found, strict=True) if one is not None and one.how == "missing"]
        web = " (addresses are not opened: download the images first)" if any(map(_URL.match, lost)) else ""
        images = counted(len(lost), "image is", "images are")
        what = f"{images} not found{web}, beside the table or anywhere below its folder {table.path.parent}"
        problems.append(
            Problem(
                str(table.path), f"{what}: {some(lost, 3)}; data.images may name their folder, relative to the table's"
            )
        )


def _id(found: _PlacedImage, base: Path) -> str:
    """Return an image's name: relative to a folder, or as the table has it where that is an absolute path."""
    return found.path.as_posix() if found.absolute else Path(os.path.relpath(found.path, base)).as_posix()

"""Which files of a folder are tables of images, and which splits they are called."""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from visionft.data.formats.listed import list_split
from visionft.data.formats.tables.headless import head_of, is_known
from visionft.data.formats.tables.names import is_header, names_an_image
from visionft.data.formats.tables.text import cells_of, has_names
from visionft.data.listing import Columns
from visionft.data.naming import is_junk, some, split_of
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.errors import DataError

LISTS = (".txt", ".json")
"""Endings of files that list images without names of columns."""

_TABLES = (".csv", ".tsv")
_LOOKED_AT = 20  # rows
_ONLY_EXAMPLES = "sample_submission"  # what contests give beside the data: labels that nobody made

FileOfSplit = tuple[Path, Split | None]


def table_files(folder: Path) -> list[Path]:
    """Return the CSV files directly in a folder, but for the examples that contests give; else lists of images."""
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and not is_junk(file.name)]
    tables = [
        file for file in files if file.suffix.lower() in _TABLES and not file.stem.casefold().startswith(_ONLY_EXAMPLES)
    ]
    return tables or [file for file in files if file.suffix.lower() in LISTS and is_known(file)]


def files_of_splits(folder: Path, advice: str) -> list[FileOfSplit]:
    """Return the table of a folder, or its tables with the splits that they, or the folders they lie in, are called.

    Of several, those count that may list images.

    Args:
        folder: where they lie, or in folders of splits.
        advice: which columns there should be, for messages.

    Raises:
        DataError: when there is none, or nobody can tell which counts.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such file; give a CSV with columns {advice}")
    files = table_files(folder)
    if len(files) > 1:
        files = [file for file in files if _may_list_images(file)] or files
    if len(files) == 1:
        return [(files[0], None)]
    named = _named_after_splits(files)
    if not files:
        inner = [(split_of(below.name), below) for below in sorted(folder.iterdir()) if below.is_dir()]
        named = [(file, split) for split, below in inner if split for file in table_files(below)]
    if not named or len(named) < len(files):
        found = f"several tables: {some(file.name for file in files)}" if files else "no .csv or .tsv file"
        raise DataError(f"{folder}: holds {found}; give the CSV file with columns {advice}")
    return named


def split_of_file(file: Path) -> Split | None:
    """Return the split that a table is called: ``train.csv``, ``labels_val.csv``, ``test-annotations-bbox.csv``."""
    return list_split(file.stem) or _split_and_rest(file)[0]


def unread_splits(file: Path) -> list[Problem]:
    """Return what is told of a table that is read alone and lies beside those of other splits."""
    if split_of_file(file) is None:
        return []
    try:
        files = dict(files_of_splits(file.parent, ""))
    except DataError:
        return []
    others = [other.name for other in files if other != file]
    if file not in files or not others:
        return []
    are = "lies beside it and is" if len(others) == 1 else "lie beside it and are"
    what = f"{some(others)} {are} not read; give the folder {file.parent}, and the splits are those of the files"
    return [Problem(str(file), what)]


def _split_and_rest(file: Path) -> tuple[Split | None, str]:
    words = re.split(r"[_\-. ]+", file.stem.casefold())
    at = next((at for at, word in enumerate(words) if split_of(word)), None)
    return (None, file.stem) if at is None else (split_of(words[at]), " ".join(words[:at] + words[at + 1 :]))


def _named_after_splits(files: Sequence[Path]) -> list[FileOfSplit]:
    """Return the files that are called like splits, and but for that alike: train_labels.csv and test_labels.csv."""
    plain: list[FileOfSplit] = [(file, split) for file in files if (split := list_split(file.stem))]
    if len(plain) == len(files):
        return plain
    alike: dict[str, list[FileOfSplit]] = defaultdict(list)
    for file in files:
        split, rest = _split_and_rest(file)
        if split is not None:
            alike[rest].append((file, split))
    return next((several for several in alike.values() if len(several) == len(files)), plain)


def _may_list_images(file: Path) -> bool:
    """Return whether the first lines name a column of images, or images."""
    if is_known(file):
        return True
    head = head_of(file)
    named = partial(is_header, columns=Columns())
    if has_names(head, named):
        return True
    try:
        lines = cells_of(head, file, named)
    except DataError:
        return True  # which is told
    return any(names_an_image(cell) for _, cells in lines.rows[:_LOOKED_AT] for cell in cells)

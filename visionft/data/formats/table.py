"""CSV files that list images, one a row: what formats that read them share."""

import csv
import io
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from visionft.data.naming import SPLIT_NAMES
from visionft.data.splits import Split
from visionft.errors import DataError
from visionft.imaging.regular_file import read_regular_file

_DELIMITERS = ",;\t"
_ERRORS_SHOWN = 20

BEYOND = "\0"
"""What no column is called."""


class Place(NamedTuple):
    """Which image a row is about.

    Attributes:
        id: relative path with forward slashes.
        path: where the file should be.
        split: the part of the data it was put into, None where the row does not say.
    """

    id: str
    path: Path
    split: Split | None


def read_header(path: Path, required: Collection[str], advice: str) -> tuple[str, ...]:
    """Return the names of the columns as they are written.

    Args:
        path: a CSV file whose first line names its columns; commas, semicolons or tabs separate.
        required: columns that there must be, in lower case.
        advice: which columns there should be, for the message.

    Raises:
        DataError: when the file cannot be read, or a required column is missing.
    """
    first_line = _first_line(_text_of(path))
    delimiter = find_delimiter(path, required, advice)
    return tuple(name.strip() for name in next(csv.reader(io.StringIO(first_line), delimiter=delimiter)))


def find_delimiter(path: Path, required: Collection[str], advice: str) -> str:
    """Return what divides the cells of a row: a comma, semicolon or tab; arguments and errors as of ``read_header``."""
    first_line = _first_line(_text_of(path))
    delimiter = _delimiter(first_line, required)
    if delimiter is None:
        raise DataError(
            f"{path}:1: the first line is {first_line[:80]!r}; it must name the columns {advice}, separated by commas, "
            "semicolons or tabs"
        )
    return delimiter


def read_rows(path: Path, required: Collection[str], advice: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, lower-case column -> stripped text) of each row that is not empty.

    Text behind the last column stands under ``BEYOND``; a row without any has no such key.

    Args:
        path: a CSV file, as for ``read_header``.
        required: columns that there must be, in lower case.
        advice: which columns there should be, for the message.

    Raises:
        DataError: when the file cannot be read, a required column is missing, or a line is no CSV.
    """
    header = [name.casefold() for name in read_header(path, required, advice)]
    delimiter = find_delimiter(path, required, advice)
    reader = csv.reader(io.StringIO(_text_of(path), newline=""), delimiter=delimiter, strict=True)
    try:
        next(reader)
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = [cell.strip() for cell in row]
                beyond = [cell for cell in cells[len(header) :] if cell]
                yield reader.line_num, dict(zip(header, cells, strict=False)) | ({BEYOND: beyond[0]} if beyond else {})
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: {error}; check the quotes") from error


def place_of(row: dict[str, str], root: Path, where: str, errors: list[str]) -> Place | None:
    """Return which image a row is about, by its columns path and split; None after saying in ``errors`` what is wrong.

    Args:
        row: lower-case column -> text.
        root: what paths are relative to.
        where: file and line, for messages.
        errors: gets a line for each problem.
    """
    file, split = row.get("path", ""), row.get("split", "").casefold()
    if not file or "\0" in file:
        errors.append(f"{where}: no path; each row needs one")
    elif split and split not in SPLIT_NAMES:
        errors.append(f"{where}: split {split!r} is not known; use train, val or test, or leave it empty")
    else:
        relative = os.path.normpath(file.replace("\\", "/"))  # a CSV written on Windows works elsewhere
        return Place(Path(relative).as_posix(), root / relative, SPLIT_NAMES.get(split))
    return None


def refuse(errors: list[str]) -> None:
    """Raise what is wrong with the lines of a file, the first few of many; do nothing when nothing is.

    Raises:
        DataError: with a line for each.
    """
    if errors:
        more = [f"and {len(errors) - _ERRORS_SHOWN} more"] if len(errors) > _ERRORS_SHOWN else []
        raise DataError("\n".join(errors[:_ERRORS_SHOWN] + more))


def _text_of(path: Path) -> str:
    try:
        return read_regular_file(path).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason}); save it as CSV UTF-8") from error


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip()


def _delimiter(first_line: str, required: Collection[str]) -> str | None:
    for delimiter in _DELIMITERS:
        names = [name.strip(' "').casefold() for name in first_line.split(delimiter)]
        if set(required) <= set(names):
            return delimiter
    return None

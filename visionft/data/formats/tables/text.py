"""The cells of a CSV file, whichever encoding and mark between cells it has."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from visionft.data.naming import shorten
from visionft.errors import DataError
from visionft.imaging.regular_file import read_regular_file

DELIMITERS = ",;\t|"

_EXCEL_MARK = re.compile(r'"?sep=(.)"?\s*')  # a first line by which Excel is told what divides cells
_OTHER_FILES = {
    b"PK\x03\x04": "is an Excel workbook or a .zip file; save the table as CSV UTF-8",
    b"PAR1": "is a Parquet file; write it as CSV, as in pandas.read_parquet(file).to_csv('images.csv', index=False)",
}


class Lines(NamedTuple):
    """The cells of a file.

    Attributes:
        header: names of the columns, or whatever stands in the first line.
        rows: line of the file, from 1, and cells of each further line that is not empty.
        delimiter: what divides cells.
        first: line of the header.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str
    first: int


def cells_of(text: str, path: Path, is_header: Callable[[Sequence[str]], bool]) -> Lines:
    """Return the cells of a file's text.

    Args:
        text: with commas, semicolons, tabs or vertical bars between cells; quotes as in RFC 4180.
        path: the file, for messages.
        is_header: says whether cells are names of columns; of several marks, the first that makes such is taken.

    Raises:
        DataError: when a quote is left open.
    """
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    delimiter = None
    if lines and (stated := _EXCEL_MARK.fullmatch(lines[first])):
        delimiter, first = stated[1], first + 1
    head = lines[first] if first < len(lines) else ""
    if delimiter is None:
        delimiter = _delimiter(head, is_header)
    table = _cells("\n".join(lines[first:]), delimiter, path, first)
    header = table[0][1] if table else ()
    return Lines(header, tuple(row for row in table[1:] if any(row[1])), delimiter, first + 1)


def has_names(text: str, is_header: Callable[[Sequence[str]], bool]) -> bool:
    """Return whether the first line of a text names columns."""
    head = next((line for line in text.splitlines() if line.strip() and not _EXCEL_MARK.fullmatch(line)), "")
    return any(is_header(_split(head, delimiter)) for delimiter in DELIMITERS)


def _delimiter(head: str, is_header: Callable[[Sequence[str]], bool]) -> str:
    """Return what divides the cells of a first line: what makes names of columns of it, else what makes most cells."""
    parted = {delimiter: _split(head, delimiter) for delimiter in DELIMITERS}
    named = (delimiter for delimiter, cells in parted.items() if is_header(cells))
    return next(named, None) or max(parted, key=lambda delimiter: len(parted[delimiter]))


def _split(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def _cells(text: str, delimiter: str, path: Path, before: int) -> list[tuple[int, tuple[str, ...]]]:
    try:
        return _parsed(text, delimiter, before, strict=True)
    except csv.Error as error:
        if "expected after" in str(error):  # a space behind a quote, which is no harm
            return _parsed(text, delimiter, before, strict=False)
        line = before + text.count("\n") + 1 if "unexpected end" in str(error) else before + 1
        raise DataError(f"{path}:{line}: {error}; check the quotes") from error


def _parsed(text: str, delimiter: str, before: int, *, strict: bool) -> list[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict, skipinitialspace=True)
    return [(before + reader.line_num, tuple(cell.strip() for cell in row)) for row in reader]


def decoded(path: Path) -> tuple[str, str]:
    """Return a file's text, and how it was read where that is not certain; else nothing.

    Raises:
        DataError: when it cannot be read, or is no text.
    """
    try:
        data = read_regular_file(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    for magic, what in _OTHER_FILES.items():
        if data.startswith(magic):
            raise DataError(f"{path}: {what}")
    encoding = _wide_encoding(data) or "utf-8-sig"
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise DataError(f"{path}: is not {encoding} text ({error.reason}); save it as CSV UTF-8") from error
        return _western(data, path, error)


def _wide_encoding(data: bytes) -> str | None:
    """Return the encoding of text of two bytes a letter, by its mark or by its zeros; None of other text."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    begin = data[:200]
    if len(begin) > 3 and len(begin) % 2 == 0:
        if not any(begin[1::2]):
            return "utf-16-le"
        if not any(begin[::2]):
            return "utf-16-be"
    return None


def _western(data: bytes, path: Path, error: UnicodeDecodeError) -> tuple[str, str]:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason}); save it as CSV UTF-8") from error
    line = next(line for line in text.splitlines() if not line.isascii())
    return (
        text,
        f"is not UTF-8 text and was read as Windows-1252, as in {shorten(line.strip())}; if that is wrong, save it as "
        "CSV UTF-8",
    )

"""A CSV file that lists the images."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import SPLIT_NAMES, natural_order
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label, RawLabel
from visionft.errors import DataError

_DELIMITERS = ",;\t"
_ERRORS_SHOWN = 20


class Manifest(DataFormat):
    """Columns ``path``, ``label`` and, if there are splits, ``split``; more columns are ignored.

    Paths are relative to the CSV file. Commas, semicolons or tabs separate; quotes as in RFC 4180.
    """

    kind: ClassVar[str] = "manifest"
    target: ClassVar[type[Target]] = Label

    def read(self, path: Path | None) -> Listing:
        """List the rows; labels get natural order.

        Raises:
            DataError: naming the lines that cannot be understood.
        """
        if path is None or not path.is_file():
            raise DataError(f"{path}: no such file; give a CSV with columns path,label and, if you have it, split")
        errors: list[str] = []
        entries: dict[str, Entry] = {}
        problems: list[Problem] = []
        for line, row in _rows(path):
            entry = _entry(row, path.parent, f"{path}:{line}", errors)
            if entry is None:
                continue
            first = entries.setdefault(entry.id, entry)
            if first is not entry:
                again = "again" if first.target == entry.target else f"again, now as {entry.target.stratum!r}"
                problems.append(Problem(f"{path}:{line}", f"{entry.id} is listed {again}; the first line counts"))
        if errors:
            more = [f"and {len(errors) - _ERRORS_SHOWN} more"] if len(errors) > _ERRORS_SHOWN else []
            raise DataError("\n".join(errors[:_ERRORS_SHOWN] + more))
        classes = natural_order(entry.target.stratum or "" for entry in entries.values())
        return Listing(path.stem, tuple(entries.values()), classes, self.target, tuple(problems), source=str(path))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, column -> text) of each row that is not empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason}); save it as CSV UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(path, text), strict=True)
    try:
        header = [name.strip().casefold() for name in next(reader)]
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, dict(zip(header, (cell.strip() for cell in row), strict=False))
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: {error}; check the quotes") from error


def _delimiter(path: Path, text: str) -> str:
    first_line = text.partition("\n")[0].strip()
    for delimiter in _DELIMITERS:
        names = [name.strip(' "').casefold() for name in first_line.split(delimiter)]
        if {"path", "label"} <= set(names):
            return delimiter
    raise DataError(
        f"{path}:1: the first line is {first_line[:80]!r}; it must name the columns path and label "
        "(and split, if there are splits), separated by commas, semicolons or tabs"
    )


def _entry(row: dict[str, str], root: Path, where: str, errors: list[str]) -> Entry | None:
    """Return what a row says, or None after saying in ``errors`` what is wrong with it."""
    file, label, split = row.get("path", ""), row.get("label", ""), row.get("split", "").casefold()
    if not file or "\0" in file:
        errors.append(f"{where}: no path; each row needs one")
    elif not label:
        errors.append(f"{where}: no label for {file}; each row needs one")
    elif split and split not in SPLIT_NAMES:
        errors.append(f"{where}: split {split!r} is not known; use train, val or test, or leave it empty")
    else:
        relative = os.path.normpath(file.replace("\\", "/"))  # a CSV written on Windows works elsewhere
        return Entry(Path(relative).as_posix(), root / relative, RawLabel(label), SPLIT_NAMES.get(split))
    return None

"""A CSV file that gives each image any number of labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.label_sets.cells import find_separator, split_cell
from visionft.data.formats.label_sets.columns import describe_others, read_flags
from visionft.data.formats.label_sets.entries import RawRecord, entries_of
from visionft.data.formats.table import BEYOND, place_of, read_header, read_rows, refuse
from visionft.data.listing import DataFormat, Listing
from visionft.data.naming import natural_order, some
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.label_set import LabelSet
from visionft.errors import DataError

COLUMN = "labels"
"""What the column is called that holds all labels of an image."""

REQUIRED = ("path",)
_NO_LABELS = ("path", "split")
ADVICE = "path and labels (and split, if there are splits), or path and a column of 0 and 1 for each label"

Rows = Sequence[tuple[str, Mapping[str, str]]]
"""File and line of each row, for messages, and its lower-case column -> text."""


class LabelTable(DataFormat):
    """Columns ``path``, ``labels`` and, if there are splits, ``split``; or a column of 0 and 1 for each label instead.

    A cell holds labels between ``data.separator``, which is found where it is not given; an empty one is an image
    without any. Where an image is listed again, the labels of all its lines count. Without a column ``labels`` one
    called ``label`` is read like it; without either, all columns of 0 and 1 are labels, in their order. Paths are
    relative to the CSV file. Commas, semicolons or tabs separate columns; quotes as in RFC 4180.
    """

    kind: ClassVar[str] = "label_table"
    target: ClassVar[type[Target]] = LabelSet
    takes: ClassVar[tuple[str, ...]] = ("separator",)

    def read(self, path: Path | None) -> Listing:
        """List the rows; labels of cells get natural order.

        Raises:
            DataError: naming the lines that cannot be understood.
        """
        if path is None or not path.is_file():
            raise DataError(f"{path}: no such file; give a CSV with columns path,labels and, if you have it, split")
        header = read_header(path, REQUIRED, ADVICE)
        rows = [(f"{path}:{line}", row) for line, row in read_rows(path, REQUIRED, ADVICE)]
        problems: list[Problem] = []
        errors: list[str] = []
        for where, row in rows:
            if BEYOND in row:
                what = f"has {row[BEYOND]!r} behind the last column"
                errors.append(f"{where}: {what}; put quotes around several labels, or another mark than the columns'")
        column = _column_of(header)
        if column is not None:
            labels, names = self._in_cells(path, rows, column, problems)
        else:
            labels, names = self._in_columns(path, rows, header, problems, errors)
        stated = []
        for (where, row), of_row in zip(rows, labels, strict=True):
            place = place_of(row, path.parent, where, errors)
            if place is not None:
                stated.append(RawRecord(place.id, place.path, of_row, place.split, where))
        refuse(errors)
        return Listing(path.stem, entries_of(stated, problems), names, LabelSet, tuple(problems), source=str(path))

    def _in_cells(
        self, path: Path, rows: Rows, column: str, problems: list[Problem]
    ) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
        cells = [row.get(column, "") for _, row in rows]
        separator = self._options.separator
        if separator is None:
            separator = find_separator(cells, f"{path}: column {column}")
            what = f"labels are separated by {separator!r}" if separator else "no cell holds several labels"
            problems.append(Problem(f"{path}: column {column}", what))
        labels = [split_cell(cell, separator) for cell in cells]
        return labels, natural_order(label for of_row in labels for label in of_row)

    def _in_columns(
        self, path: Path, rows: Rows, header: Sequence[str], problems: list[Problem], errors: list[str]
    ) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
        written = {name.casefold(): name for name in header if name.casefold() not in _NO_LABELS}
        if len(written) + sum(name.casefold() in _NO_LABELS for name in header) < len(header):
            raise DataError(f"{path}:1: two columns have the same name but for case; rename one")
        wanted = [name for name in written.values() if name in (self._options.classes or ())] or list(written.values())
        texts = [{written[name]: text for name, text in row.items() if name in written} for _, row in rows]
        flags = read_flags(texts, wanted, [where for where, _ in rows])
        errors += flags.errors
        if flags.others:
            problems.append(Problem(str(path), describe_others(flags.others)))
        if not flags.names:
            raise DataError(
                f"{path}: there is no column labels, and none of 0 and 1; the columns are {some(header, 20)}; give "
                f"{ADVICE}"
            )
        problems.append(Problem(str(path), f"the columns of 0 and 1 are labels: {some(flags.names)}"))
        if flags.blanks:
            problems.append(Problem(str(path), f"{flags.blanks} empty cells of these are read as 0"))
        return list(flags.rows), flags.names


def holds_labels(path: Path) -> bool:
    """Return whether a table holds labels when nobody says what is to be learned from it.

    It does where it has a column ``labels``; or no column ``label``, but several of 0 and 1 and no others beside path
    and split.
    """
    try:
        header = [name.casefold() for name in read_header(path, REQUIRED, ADVICE)]
        if COLUMN in header or "label" in header:
            return COLUMN in header
        columns = [name for name in header if name not in _NO_LABELS]
        rows = [row for _, row in read_rows(path, REQUIRED, ADVICE)] if len(columns) > 1 else []
    except DataError:  # told when it is read
        return False
    flags = read_flags(rows, columns, [""] * len(rows))
    return len(flags.names) > 1 and not flags.others and not flags.errors


def can_read(kind: str, files: Sequence[Path]) -> bool:
    """Return whether a format can read a table: one of classes takes no sets of labels without a column ``label``."""
    if kind != "manifest" or not holds_labels(files[0]):
        return True
    return "label" in (name.casefold() for name in read_header(files[0], REQUIRED, ADVICE))


def _column_of(header: Sequence[str]) -> str | None:
    """Return the column that holds all labels of an image, in lower case; None where there is none."""
    known = [name.casefold() for name in header]
    return next((name for name in (COLUMN, "label") if name in known), None)

"""A CSV file that gives each image any number of labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.label_sets.cells import find_separator, split_cell
from visionft.data.formats.label_sets.columns import describe_others
from visionft.data.formats.label_sets.entries import RawRecord, entries_of
from visionft.data.formats.manifest import flag_columns
from visionft.data.formats.tables.names import describe, first_named
from visionft.data.formats.tables.places import place_rows
from visionft.data.formats.tables.table import Table, refuse
from visionft.data.listing import DataFormat, Listing
from visionft.data.naming import counted, natural_order, some
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.label_set import LabelSet
from visionft.errors import DataError

ADVICE = "path and labels (and split, if there are splits), or path and a column of 0 and 1 for each label"


class LabelTable(DataFormat):
    """Columns ``path``, ``labels`` and, if there are splits, ``split``; or a column of 0 and 1 for each label instead.

    A cell holds labels between ``data.separator``, which is found where it is not given; an empty one is an image
    without any. Where an image is listed again, the labels of all its lines count. Without a column ``labels`` one
    called ``label`` is read like it; without either, all columns of 0 and 1 are labels, in their order. Names of
    columns, and files and images, are found as by ``manifest``.
    """

    kind: ClassVar[str] = "label_table"
    target: ClassVar[type[Target]] = LabelSet
    takes: ClassVar[tuple[str, ...]] = ("separator", "columns", "images")

    def read(self, path: Path | None) -> Listing:
        """List the rows; labels of cells get natural order.

        Raises:
            DataError: naming the lines that cannot be understood.
        """
        if path is None or not path.exists():
            raise DataError(f"{path}: no such file; give a CSV with columns path,labels and, if you have it, split")
        table = Table.read(path, self._options.columns, ADVICE)
        problems = list(table.notes)
        errors = [
            f"{row.where}: has {row.beyond!r} behind the last column; put quotes around several labels, or another "
            "mark than the columns'"
            for row in table.rows
            if row.beyond is not None
        ]
        base = path if path.is_dir() else path.parent
        places, splits = place_rows(table, base, self._options.images, problems)
        column = table.labels
        if column is not None:
            labels, names = self._in_cells(table, column, problems)
        else:
            labels, names = self._in_columns(table, splits, problems, errors)
        refuse(errors)
        labels = _without_denied(table, labels, problems)
        stated = [
            RawRecord(place.id, place.path, of_row, place.split, row.where)
            for row, place, of_row in zip(table.rows, places, labels, strict=True)
            if place is not None
        ]
        return Listing(path.stem, entries_of(stated, problems), names, LabelSet, tuple(problems), source=str(path))

    def _in_cells(
        self, table: Table, column: str, problems: list[Problem]
    ) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
        cells = table.column(column)
        separator = self._options.separator
        if separator is None:
            where = f"{table.path}: column {column.casefold()}"
            separator = find_separator(cells, where)
            what = f"labels are separated by {separator!r}" if separator else "no cell holds several labels"
            problems.append(Problem(where, what))
        labels = [split_cell(cell, separator) for cell in cells]
        return labels, natural_order(label for of_row in labels for label in of_row)

    def _in_columns(
        self, table: Table, splits: Sequence[str], problems: list[Problem], errors: list[str]
    ) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
        if len({name.casefold() for name in table.header}) < len(table.header):
            raise DataError(f"{table.path}:1: two columns have the same name but for case; rename one")
        others = [name for name in table.without(*splits) if name not in (self._options.classes or ())]
        flags = flag_columns(table, (*splits, *(others if len(others) < len(table.without(*splits)) else ())))
        errors += flags.errors
        if flags.others:
            problems.append(Problem(str(table.path), describe_others(flags.others)))
        if not flags.names:
            raise DataError(
                f"{table.path}: there is no column labels, and none of 0 and 1; the columns are "
                f"{describe(table.header)}; give {ADVICE}, or say which it is, with --set data.columns.label=NAME"
            )
        problems.append(Problem(str(table.path), f"the columns of 0 and 1 are labels: {some(flags.names)}"))
        if flags.blanks:
            problems.append(Problem(str(table.path), f"{flags.blanks} empty cells of these are read as 0"))
        return list(flags.rows), flags.names


def _without_denied(table: Table, labels: Sequence[tuple[str, ...]], problems: list[Problem]) -> list[tuple[str, ...]]:
    """Return labels without those that a column called confidence denies with 0, as people who verified them did."""
    column = first_named(table.header, ["confidence"])
    sure = [] if column is None else table.column(column)
    if not sure or not set(sure) <= {"0", "1", "0.0", "1.0"} or not {"0", "0.0"} & set(sure):
        return list(labels)
    count = sum(text in ("0", "0.0") for text in sure)
    what = f"{counted(count, 'row has', 'rows have')} 0 in the column {column!r}, and say that a label is not there"
    problems.append(Problem(str(table.path), what))
    return [() if text in ("0", "0.0") else of_row for text, of_row in zip(sure, labels, strict=True)]

"""A CSV file that gives each image one or several numbers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.tables.places import Place, place_rows
from visionft.data.formats.tables.table import Table
from visionft.data.formats.values.columns import (
    ADVICE,
    counting_columns,
    has_fractions,
    mark_of,
    named_columns,
    numeric_columns,
)
from visionft.data.formats.values.numbers import read_number
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.values import Numbers, RawValues, Values, first_few, strata
from visionft.data.units import split_unit, with_unit
from visionft.errors import DataError


class ValueTable(DataFormat):
    """Columns ``path``, one or several of numbers, and, if there are splits, ``split``.

    ``data.classes`` names the columns that are wanted, with their units or without; else they are all that are mostly
    numbers, but for ``label`` and what counts the rows. The unit of a value stands behind its name: ``weight [g]``. A
    comma is a decimal mark where semicolons or tabs separate. Empty cells, and cells that are named because they are no
    numbers, are not known. Other names of columns, and files and images, are found as by ``manifest``.
    """

    kind: ClassVar[str] = "values"
    target: ClassVar[type[Target]] = Values
    takes: ClassVar[tuple[str, ...]] = ("columns", "images")

    def read(self, path: Path | None) -> Listing:
        """List the rows.

        Raises:
            DataError: naming the lines that cannot be understood, or the columns that there are where none is of use.
            UnknownName: when a column that is wanted is not there.
        """
        if path is None or not path.exists():
            raise DataError(f"{path}: no such file; give a CSV with columns path and, for example, weight [g]")
        whole = Table.read(path, self._options.columns, ADVICE)
        problems = list(whole.notes)
        table = _without_long_rows(whole, problems)
        base = path if path.is_dir() else path.parent
        places, splits = place_rows(table, base, self._options.images, problems)
        chosen = self._chosen(table, splits, problems)
        numbers = list(zip(*(_read_column(table, name, problems) for name in chosen), strict=True))
        entries = _entries(table, places, numbers, problems)
        names = tuple(with_unit(*split_unit(name)) for name in chosen)
        return Listing(path.stem, entries, names, self.target, tuple(problems), source=str(path))

    def states_target(self, path: Path) -> bool:
        """Return whether the labels of a table are numbers with fractions, and so no names or numbers of classes.

        Raises:
            DataError: when it cannot be read.
        """
        table = Table.read(path, self._options.columns, ADVICE)
        return table.label is not None and has_fractions(table, table.label)

    def _chosen(self, table: Table, splits: Sequence[str], problems: list[Problem]) -> list[str]:
        """Return the columns that are values, as the header writes them."""
        requested = self._options.classes
        if requested is None and self._options.columns.label is not None:
            requested = (self._options.columns.label,)
        if isinstance(requested, Mapping):
            raise DataError("data.classes: a list of columns is needed here, such as [weight, height]")
        chosen = numeric_columns(table, splits) if requested is None else named_columns(table, requested)
        if requested is None and (counters := counting_columns(chosen)):
            chosen = [name for name in chosen if name not in counters]
            what = "seems to count the rows, and is no value; data.classes names the columns that are"
            problems.append(Problem(f"{table.path}:1", f"{some(map(repr, counters))} {what}"))
        if not chosen:
            raise DataError(f"{table.path}:1: no column of numbers among {some(table.header, 20)}; it needs {ADVICE}")
        names = [split_unit(name)[0].casefold() for name in chosen]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise DataError(f"{table.path}:1: two columns are called {repeated[0]!r}, units left aside; rename one")
        return chosen


def _without_long_rows(table: Table, problems: list[Problem]) -> Table:
    """Leave out rows that have more cells than the header: nobody knows which of them is what."""
    long = [
        Problem(row.where, f"more cells than the header has, {row.beyond!r} behind them; left out")
        for row in table.rows
        if row.beyond is not None
    ]
    problems += first_few(long, str(table.path), "rows have too many cells")
    return replace(table, rows=tuple(row for row in table.rows if row.beyond is None))


def _read_column(table: Table, name: str, problems: list[Problem]) -> list[float | None]:
    """Return a column's numbers, None where there is none; a cell that is neither a number nor a gap is named."""
    mark = mark_of(table, name)
    numbers: list[float | None] = []
    bad: list[Problem] = []
    for row, cell in zip(table.rows, table.column(name), strict=True):
        number = math.nan
        try:
            number = read_number(cell, mark)
        except DataError as error:
            bad.append(Problem(row.where, f"{split_unit(name)[0]}: {error}; left out"))
        numbers.append(None if math.isnan(number) else number)
    problems += first_few(bad, f"{table.path}: {split_unit(name)[0]}", "cells are no numbers")
    return numbers


def _entries(
    table: Table, places: Sequence[Place | None], numbers: Sequence[Numbers], problems: list[Problem]
) -> tuple[Entry, ...]:
    entries: dict[str, Entry] = {}
    empty: list[str] = []
    parts = strata([of_row[0] for of_row in numbers])
    for row, place, of_row, stratum in zip(table.rows, places, numbers, parts, strict=True):
        if place is None:
            continue
        if all(number is None for number in of_row):
            empty.append(place.id)
            continue
        entry = Entry(place.id, place.path, RawValues(of_row, stratum, row.where), place.split)
        first = entries.setdefault(entry.id, entry)
        if first is not entry:
            again = "again" if RawValues.of(first.target).numbers == of_row else "again, now with other values"
            problems.append(Problem(row.where, f"{entry.id} is listed {again}; the first line counts"))
    if empty:
        images = counted(len(empty), "image has", "images have")
        problems.append(Problem(str(table.path), f"{images} no number; left out: {some(empty)}"))
    return tuple(entries.values())

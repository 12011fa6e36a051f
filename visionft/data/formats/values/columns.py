"""Which columns of a table are values."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from visionft.data.formats.table import BEYOND, find_delimiter, read_header, read_rows
from visionft.data.formats.values.numbers import DecimalMark, decimal_mark, read_number
from visionft.data.naming import some
from visionft.data.units import split_unit, with_unit
from visionft.errors import DataError, UnknownName

ADVICE = "path and one for each value, such as weight [g] (and split, if there are splits)"

_NO_VALUES = ("path", "split", "label", "labels")
_COUNTERS = ("", "id", "index", "no", "nr", "unnamed: 0")  # what spreadsheets and pandas call the number of a row
_PLAIN_NAMES = (["value"], ["target"])


class TableRow(NamedTuple):
    """A row of a table.

    Attributes:
        line: of the file, from 1.
        cells: lower-case column -> text.
    """

    line: int
    cells: dict[str, str]

    @property
    def beyond(self) -> str | None:
        """What stands behind the last column, such as the digits after a decimal comma that divided two cells."""
        return self.cells.get(BEYOND)


class Table(NamedTuple):
    """A CSV file.

    Attributes:
        path: the file.
        header: names of the columns as they are written.
        delimiter: what divides cells.
        rows: those that are not empty.
    """

    path: Path
    header: tuple[str, ...]
    delimiter: str
    rows: tuple[TableRow, ...]

    @classmethod
    def read(cls, path: Path, required: Sequence[str] = ("path",)) -> "Table":
        """Read a file.

        Raises:
            DataError: when it cannot be read, a required column is missing, or a line is no CSV.
        """
        header, delimiter = read_header(path, required, ADVICE), find_delimiter(path, required, ADVICE)
        return cls(path, header, delimiter, tuple(TableRow(*row) for row in read_rows(path, required, ADVICE)))

    def column(self, name: str) -> list[str]:
        """Return the texts of a column, in the order of the rows."""
        return [row.cells.get(name.casefold(), "") for row in self.rows]

    def mark(self, name: str) -> DecimalMark:
        """Return the decimal mark of a column."""
        return decimal_mark(self.column(name), self.delimiter)


def named_columns(table: Table, wanted: Sequence[str]) -> list[str]:
    """Return the columns that somebody names, with their units or without, in any case.

    Raises:
        UnknownName: when there is no such column.
    """
    columns = {}
    for name in table.header:
        bare, unit = split_unit(name)
        columns.update(dict.fromkeys((name.casefold(), bare.casefold(), with_unit(bare, unit).casefold()), name))
    for name in wanted:
        if name.casefold() not in columns:
            raise UnknownName("column", name, table.header, where=f"{table.path}:1: data.classes")
    return [columns[name.casefold()] for name in wanted]


def numeric_columns(table: Table) -> list[str]:
    """Return the columns that are mostly numbers; the label only where no other is."""
    others = [name for name in table.header if name.casefold() not in _NO_VALUES and _mostly_numbers(table, name)]
    return others or [name for name in table.header if name.casefold() == "label" and _mostly_numbers(table, name)]


def counting_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that by their names count the rows, unless there are no others."""
    counters = [name for name in names if name.casefold() in _COUNTERS]
    return counters if len(counters) < len(names) else []


def has_fractions(table: Table, name: str) -> bool:
    """Return whether all cells of a column that are not empty are numbers, and some are not whole."""
    numbers = _numbers(table, name)
    return None not in numbers and any(number is not None and number % 1 > 0 for number in numbers)


def table_kind(files: Sequence[Path]) -> str:
    """Return which format reads a table where no task is named: ``manifest``, or ``values``.

    A table without labels is one of values where each column beside path and split has a unit, or where the only one is
    called value or target; where all of its cells are numbers, or empty; and where some have a fraction.

    Raises:
        DataError: when it has no labels and is less plain than that, saying how to ask for numbers.
    """
    try:
        table = Table.read(files[0])
    except DataError:  # told when it is read
        return "manifest"
    if any(name.casefold() in ("label", "labels") for name in table.header):
        return "manifest"
    columns = [name for name in table.header if name.casefold() not in _NO_VALUES]
    plain = all(split_unit(name)[1] for name in columns) or [name.casefold() for name in columns] in _PLAIN_NAMES
    if columns and plain and all(has_fractions(table, name) for name in columns):
        return "values"
    if numeric := numeric_columns(table):
        raise DataError(
            f"{table.path}:1: there is no column label; add one to tell classes apart, or predict the numbers of "
            f"{some(numeric)} with --set task.kind=regression"
        )
    return "manifest"


def _mostly_numbers(table: Table, name: str) -> bool:
    numbers = _numbers(table, name)
    good = sum(number is not None and not math.isnan(number) for number in numbers)
    return good > 0 and good >= sum(number is None for number in numbers)


def _numbers(table: Table, name: str) -> list[float | None]:
    """Return the numbers of a column, NaN for gaps, None for what is no number."""
    mark = table.mark(name)

    def read(cell: str) -> float | None:
        try:
            return read_number(cell, mark)
        except DataError:
            return None

    return [read(cell) for cell in table.column(name)]

"""Which columns of a table are values."""

import math
from collections.abc import Sequence

from visionft.data.formats.tables.table import Table
from visionft.data.formats.values.numbers import DecimalMark, decimal_mark, read_number
from visionft.data.units import split_unit, with_unit
from visionft.errors import DataError, UnknownName

ADVICE = "path and one for each value, such as weight [g] (and split, if there are splits)"

_LABELS = ("label", "labels")
_COUNTERS = ("", "id", "index", "no", "nr", "unnamed: 0")  # what spreadsheets and pandas call the number of a row


def mark_of(table: Table, name: str) -> DecimalMark:
    """Return the decimal mark of a column."""
    return decimal_mark(table.column(name), table.delimiter)


def named_columns(table: Table, requested: Sequence[str]) -> list[str]:
    """Return the columns that somebody names, with their units or without, in any case.

    Raises:
        UnknownName: when there is no such column.
    """
    columns = {}
    for name in table.header:
        bare, unit = split_unit(name)
        columns.update(dict.fromkeys((name.casefold(), bare.casefold(), with_unit(bare, unit).casefold()), name))
    for name in requested:
        if name.casefold() not in columns:
            raise UnknownName("column", name, table.header, where=f"{table.path}:1: data.classes")
    return [columns[name.casefold()] for name in requested]


def numeric_columns(table: Table, splits: Sequence[str] = ()) -> list[str]:
    """Return the columns that are mostly numbers; the label only where no other is.

    Args:
        table: the rows.
        splits: columns that make splits.
    """
    numeric = [name for name in table.without(*splits) if _mostly_numbers(table, name)]
    others = [name for name in numeric if name.casefold() not in _LABELS]
    return others or [name for name in numeric if name.casefold() == "label"]


def counting_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that by their names count the rows, unless there are no others."""
    counters = [name for name in names if name.casefold() in _COUNTERS]
    return counters if len(counters) < len(names) else []


def has_fractions(table: Table, name: str) -> bool:
    """Return whether all cells of a column that are not empty are numbers, and some are not whole."""
    numbers = _numbers(table, name)
    return None not in numbers and any(number is not None and number % 1 > 0 for number in numbers)


def _mostly_numbers(table: Table, name: str) -> bool:
    numbers = _numbers(table, name)
    good = sum(number is not None and not math.isnan(number) for number in numbers)
    return good > 0 and good >= sum(number is None for number in numbers)


def _numbers(table: Table, name: str) -> list[float | None]:
    """Return the numbers of a column, NaN for gaps, None for what is no number."""
    mark = mark_of(table, name)

    def read(cell: str) -> float | None:
        try:
            return read_number(cell, mark)
        except DataError:
            return None

    return [read(cell) for cell in table.column(name)]

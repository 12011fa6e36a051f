"""Numbers in the cells of a table."""

import math
import re
from collections.abc import Sequence
from typing import Literal

from visionft.data.naming import shorten
from visionft.errors import DataError

DecimalMark = Literal[".", ","]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_MISSING = frozenset({"", "-", "?", "nan", "na", "n/a", "#n/a", "<na>", "null", "none", "nil"})


def decimal_mark(cells: Sequence[str], delimiter: str) -> DecimalMark:
    """Return the decimal mark of a column.

    It is the comma where more cells have one than have a point, and commas do not divide the file's cells, too:
    spreadsheets write semicolons where the comma is the decimal mark. Where tabs divide, ``1,234`` may as well be a
    thousand, so that commas count only if one of them does not look like that.

    Args:
        cells: the column's texts.
        delimiter: what divides cells: a comma, semicolon or tab.
    """
    with_comma = [cell for cell in cells if "," in cell]
    if delimiter == "," or len(with_comma) <= sum("." in cell for cell in cells):
        return "."
    return "." if delimiter != ";" and all(_GROUPED.fullmatch(cell) for cell in with_comma) else ","


def read_number(text: str, mark: DecimalMark = ".") -> float:
    """Read a cell; NaN where it says that nobody knows.

    Args:
        text: without spaces around it. Empty text, a dash, a question mark, ``NaN``, ``NA`` and the like are missing.
        mark: the column's decimal mark.

    Raises:
        DataError: with the reason alone, when it is no finite number, or one that could be read in two ways.
    """
    if text.casefold() in _MISSING:
        return math.nan
    plain = text.replace("−", "-")  # the minus sign of typesetting
    if _INFINITE.fullmatch(plain):
        raise DataError(f"{shorten(text)} is infinite")
    other = "," if mark == "." else "."
    if other in plain and _NUMBER.fullmatch(plain.replace(other, "").replace(mark, ".")):
        whose = "a point" if mark == "." else "a comma, as the column has it,"
        raise DataError(
            f"{shorten(text)} can be read in several ways; write {whose} for decimals, no mark for thousands"
        )
    plain = plain.replace(mark, ".")
    if not _NUMBER.fullmatch(plain):
        raise DataError(f"{shorten(text)} is not a number")
    number = float(plain)
    if math.isinf(number):
        raise DataError(f"{shorten(text)} is infinite")
    return number

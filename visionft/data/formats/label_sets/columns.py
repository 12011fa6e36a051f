"""Labels as columns that hold 1 where an image has the label and 0 where it does not."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from visionft.data.naming import counted, shorten, some

_FLAGS = {"1": True, "1.0": True, "true": True, "yes": True, "0": False, "0.0": False, "false": False, "no": False}
_SHOWN = 3


class FlagColumns(NamedTuple):
    """What the columns of a table say.

    Attributes:
        names: the columns that are labels, in the order of the table.
        rows: the labels of each row.
        blanks: how many cells were empty, and taken for 0.
        others: columns that are no labels, each with the first text that shows it.
        errors: what is wrong with single cells of columns that seem to be labels.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    blanks: int
    others: Mapping[str, str]
    errors: tuple[str, ...]


def read_flags(rows: Sequence[Mapping[str, str]], columns: Sequence[str], lines: Sequence[str]) -> FlagColumns:
    """Find the columns that are labels, and the labels of each row.

    A column is one when at least half of what stands in it is 0 or 1 (or ``false`` and ``true``, ``no`` and ``yes``);
    whatever else stands there then is an error, so that one wrong cell does not cost a label.

    Args:
        rows: column -> text.
        columns: those that may be labels.
        lines: file and line of each row, for messages.
    """
    cells = {column: [row.get(column, "").casefold() for row in rows] for column in columns}
    names: list[str] = []
    others: dict[str, str] = {}
    errors: list[str] = []
    for column, texts in cells.items():
        wrong = [place for place, text in enumerate(texts) if text and text not in _FLAGS]
        filled = sum(map(bool, texts))
        if not filled or 2 * len(wrong) > filled:
            others[column] = texts[wrong[0]] if wrong else ""
            continue
        names.append(column)
        errors += [
            f"{lines[place]}: {column} is {shorten(rows[place][column])}; a label's column holds 1 or 0"
            for place in wrong
        ]
    labels = tuple(tuple(name for name in names if _FLAGS.get(cells[name][place], False)) for place in range(len(rows)))
    blanks = sum(not text for name in names for text in cells[name])
    return FlagColumns(tuple(names), labels, blanks, others, tuple(errors))


def describe_others(others: Mapping[str, str]) -> str:
    """Describe which columns are no labels, and why."""
    shown = some((f"{name} ({shorten(text) if text else 'empty'})" for name, text in others.items()), _SHOWN)
    return f"{counted(len(others), 'column holds', 'columns hold')} something else than 0 and 1; ignored: {shown}"

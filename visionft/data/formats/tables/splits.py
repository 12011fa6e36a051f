"""The splits that a table states, by a column of names, of numbers, or of yes and no."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from visionft.data.formats.tables.names import FLAGS, MAYBE_SPLIT, SPLIT, first_named, named_column, plain
from visionft.data.formats.tables.table import Table, lines_of
from visionft.data.naming import counted, some, splits_among
from visionft.data.records import Problem
from visionft.data.splits import SPLITS, Split
from visionft.errors import DataError

LEFT_OUT: Final = "left out"
"""What a row is that is in no split, and is told."""

RowSplit = Split | Literal["left out"] | None

_USUAL: dict[str, Split] = {"publictest": "val", "privatetest": "test"}  # of contests
_YES = ("1", "1.0", "true", "yes", "t", "y")
_NO = ("0", "0.0", "false", "no", "f", "n", "")
_FEW = 20  # one row of so many that nobody understands is a slip, and not a split of its own


def split_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that are, or may be, of splits, the surest first."""
    if table.columns.split is False:
        return ()
    if table.columns.split is not None:
        return (named_column(table.header, table.columns.split, "split", table.path),)
    others = [name for name in table.header if name != table.image]
    found = (first_named(others, [name]) for name in (*SPLIT, *FLAGS, *MAYBE_SPLIT))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def splits_of_rows(table: Table, problems: list[Problem]) -> tuple[list[RowSplit], tuple[str, ...]]:
    """Return the split of each row, None where nothing is said, and the columns that say so.

    Args:
        table: the rows.
        problems: grows by columns that are not read, and by rows that are left out.

    Raises:
        DataError: when a column called ``split`` holds what nobody understands, saying how to say what it means.
    """
    of_files: list[RowSplit] = [row.split for row in table.rows]
    columns = split_columns(table)
    if table.columns.train or table.columns.val or table.columns.test:
        if not columns:
            raise DataError(
                f"{table.path}: data.columns.val names a text of the column of splits, and there is none; name it with "
                "data.columns.split"
            )
        return _as_told(table, columns[0], problems), columns[:1]
    flags = [name for name in columns if plain(name) in FLAGS]
    for name in columns:
        if plain(name) in FLAGS:
            return _by_flags(table, flags, problems), tuple(flags)
        found = _by_names(table, name, problems, sure=plain(name) in SPLIT or table.columns.split is not None)
        if found is not None:
            rest = [other for other in columns if other != name and (plain(other) in (*SPLIT, *FLAGS))]
            if rest:
                problems.append(Problem(str(table.path), f"the splits are those of {name!r}; {some(rest)} not read"))
            return found, (name,)
    if (by_content := _by_content(table)) is not None:
        what = f"the column {by_content!r} holds nothing but what splits are called, and makes the splits"
        problems.append(Problem(str(table.path), what))
        return _by_names(table, by_content, problems, sure=True) or of_files, (by_content,)
    return of_files, tuple(name for name in columns if "fold" in plain(name))  # which are no labels either


def _by_content(table: Table) -> str | None:
    """Return the first column of which every text names a split, and not all the same one; None where there is none."""
    if table.columns.split is False:
        return None
    for name in table.without(*table.called_labels):
        texts = {text.casefold() for text in table.column(name)}
        named = splits_among(texts)
        if len(named) == len(texts) and len(set(named.values())) > 1:
            return name
    return None


def _as_told(table: Table, column: str, problems: list[Problem]) -> list[RowSplit]:
    """Return the splits that the user says texts mean; other texts mean what they are called, or training."""
    told: dict[str, Split] = {}
    texts = dict.fromkeys(map(_text, table.column(column)))
    for split in SPLITS:
        for text in getattr(table.columns, split):
            if _text(text) not in texts:
                raise DataError(
                    f"{table.path}: data.columns.{split}: no row has {text!r} in the column {column!r}; "
                    f"it holds {some(map(repr, texts), 20)}"
                )
            told[_text(text)] = split
    rest: RowSplit = LEFT_OUT if table.columns.train else "train"
    named = _named(texts)
    splits = [told.get(text) or named.get(text) or rest for text in map(_text, table.column(column))]
    _tell_left_out(table, column, splits, problems)
    return splits


def _by_flags(table: Table, columns: Sequence[str], problems: list[Problem]) -> list[RowSplit]:
    """Return the splits of columns of yes and no, such as ``is_valid``."""
    cells = {name: [text.casefold() for text in table.column(name)] for name in columns}
    for name, texts in cells.items():
        if odd := [text for text in texts if text not in (*_YES, *_NO)]:
            raise DataError(
                f"{table.path}: the column {name!r} says which images are of a split and holds {odd[0]!r}; it must "
                "hold True or False; or read no splits, with --set data.columns.split=false"
            )
    splits: list[RowSplit] = []
    for at in range(len(table.rows)):
        splits_of_row = {FLAGS[plain(name)] for name, texts in cells.items() if texts[at] in _YES}
        known = {FLAGS[plain(name)] for name in columns}
        rest: Split = "train" if known != {"train"} else "test"
        splits.append(next((split for split in ("test", "val", "train") if split in splits_of_row), rest))
    what = f"the column {some(map(repr, columns))} makes the splits"
    if {FLAGS[plain(name)] for name in columns} == {"train"}:
        what += "; what is not for training is for testing"
    problems.append(Problem(str(table.path), what))
    return splits


def _by_names(table: Table, column: str, problems: list[Problem], *, sure: bool) -> list[RowSplit] | None:
    """Return the splits that texts name; None, told, where a column that need not be of splits holds others."""
    texts = [_text(text) for text in table.column(column)]
    named = _named(texts)
    odd = [row for row, text in zip(table.rows, texts, strict=True) if text and text not in named]
    held = some(dict.fromkeys(repr(text) for text in texts if text), 20)
    example = next((text for text in texts if text and text not in named), "")
    how = f"--set data.columns.split={_quoted(column)} --set data.columns.val={_quoted(example)}"
    if odd and len(odd) * _FEW > len(texts):
        if not sure:
            numbers = all(text.lstrip("-").isdecimal() for text in texts if text)
            if numbers or "fold" in plain(column):
                what = f"the column {column!r} holds {held} and makes no splits; to validate on one of these: {how}"
                problems.append(Problem(str(table.path), what))
            return None
        raise DataError(
            f"{table.path}: the column {column!r} holds {held}, and {counted(len(odd), 'row', 'rows')} no train, val "
            f"or test ({lines_of(odd)}); say which is validation (and data.columns.test, if one is): {how}; or read no "
            "splits: --set data.columns.split=false"
        )
    splits: list[RowSplit] = [
        named.get(text, LEFT_OUT) if text else row.split for row, text in zip(table.rows, texts, strict=True)
    ]
    _tell_left_out(table, column, splits, problems)
    return splits


def _tell_left_out(table: Table, column: str, splits: Sequence[RowSplit], problems: list[Problem]) -> None:
    rows = [row for row, split in zip(table.rows, splits, strict=True) if split == LEFT_OUT]
    if rows:
        texts = some(dict.fromkeys(repr(row.cells.get(column.casefold(), "")) for row in rows))
        what = f"{counted(len(rows), 'row is', 'rows are')} in no split ({column!r} is {texts}); left out"
        what += f": {lines_of(rows)}"
        problems.append(Problem(str(table.path), what))


def _named(texts: Iterable[str]) -> dict[str, Split]:
    """Return the split of each text that names one."""
    distinct = dict.fromkeys(texts)
    return {text: _USUAL[plain(text)] for text in distinct if plain(text) in _USUAL} | splits_among(distinct)


def _text(cell: str) -> str:
    """Return a text for comparisons: a whole number is the same with and without ``.0``."""
    text = cell.strip().casefold()
    return text.removesuffix(".0") if text.removesuffix(".0").lstrip("-").isdecimal() else text


def _quoted(text: str) -> str:
    return text if text.replace("_", "").isalnum() else f"'{text}'"

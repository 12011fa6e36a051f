"""A CSV file that lists the images."""

import re
from collections.abc import Container, Sequence
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.label_sets.columns import FlagColumns, read_flags
from visionft.data.formats.tables.class_names import names_of_numbers
from visionft.data.formats.tables.files import LISTS
from visionft.data.formats.tables.names import describe
from visionft.data.formats.tables.places import Place, place_rows
from visionft.data.formats.tables.table import Table, TableRow, lines_of
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import counted, natural_order, some
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label, RawLabel
from visionft.data.walk import images_below
from visionft.errors import DataError
from visionft.imaging.pixels import ImageSource

ADVICE = "path and label (and split, if there are splits)"

_WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?")


class Manifest(DataFormat):
    """Columns ``path``, ``label`` and, if there are splits, ``split``, or what people call them; others are ignored.

    ``data.columns`` names them where their names do not tell. Without a column of labels, columns of 0 and 1 are
    classes, one of which each row has. Paths are relative to the CSV file, or to ``data.images``; images that lie
    elsewhere are found by the end of their paths, and told. Commas, semicolons, tabs or vertical bars separate; quotes
    as in RFC 4180. A folder holds one such file, or one for each split. A text file with a line for each image,
    ``a.jpg 3`` or ``a.jpg cat``, is read likewise, and so are other files whose columns have no names but a known form.
    """

    kind: ClassVar[str] = "manifest"
    target: ClassVar[type[Target]] = Label
    takes: ClassVar[tuple[str, ...]] = ("columns", "images")

    def read(self, path: Path | None) -> Listing:
        """List the rows; labels get natural order.

        Raises:
            DataError: naming what cannot be understood.
        """
        if path is None or not path.exists():
            raise DataError(f"{path}: no such file; give a CSV with columns path,label and, if you have it, split")
        table = Table.read(path, self._options.columns, ADVICE)
        problems = list(table.notes)
        base = path if path.is_dir() else path.parent
        places, splits = place_rows(table, base, self._options.images, problems)
        labels = _labels(table, splits, problems)
        names = names_of_numbers(table, labels, places, problems)
        labels = [names.get(label, label) for label in labels]
        entries = _entries(table, places, labels, problems)
        if table.path.suffix.lower() in LISTS:
            _tell_unlisted(table, base, {entry.image for entry in entries}, problems)
        classes = tuple(names.values()) or natural_order(entry.target.stratum or "" for entry in entries)
        return Listing(path.stem, entries, classes, self.target, tuple(problems), source=str(path))


def _labels(table: Table, splits: Sequence[str], problems: list[Problem]) -> list[str]:
    """Return the label of each row, empty where it has none."""
    column = label_column(table, splits)
    if column is None:
        return _from_flags(table, splits, problems)
    if table.label is None:
        problems.append(Problem(str(table.path), f"the column {column!r}, the only one that is left, holds the labels"))
    _tell_others(table, column, problems)
    labels = table.column(column)
    texts = {label for label in labels if label}
    if any("." in text for text in texts) and all(map(_WHOLE.fullmatch, texts)):
        example = next(text for text in sorted(texts) if "." in text)
        problems.append(
            Problem(
                str(table.path),
                f"the column {column!r} holds whole numbers: {example} is read as {int(float(example))}",
            )
        )
        return [str(int(float(label))) if label else "" for label in labels]
    several = [label for label in texts if "|" in label]
    if several:
        what = (
            f"such as {min(several)!r} in the column {column!r} look like several labels, and are one class each here"
        )
        problems.append(
            Problem(str(table.path), f"{len(several)} texts {what}; learn them with --set task.kind=multilabel")
        )
    return labels


def _tell_unlisted(table: Table, base: Path, listed: Container[ImageSource], problems: list[Problem]) -> None:
    """Tell of images that no line is about."""
    rest = [image.relative_to(base).as_posix() for image in images_below(base, [])[0] if image not in listed]
    if rest:
        what = f"{counted(len(rest), 'image is', 'images are')} in no line; left out: {some(sorted(rest))}"
        problems.append(Problem(str(table.path), what))


def label_column(table: Table, splits: Sequence[str] = ()) -> str | None:
    """Return the column of labels: by its name, or the only one that is left where the same texts come again."""
    if table.label is not None:
        return table.label
    others = [name for name in table.without(*splits) if name]
    if len(others) != 1:
        return None
    texts = [text for text in table.column(others[0]) if text]
    numbers = all(re.fullmatch(r"[+-]?[0-9.,eE+-]+", text) for text in texts)
    return others[0] if texts and not numbers and 2 * len(set(texts)) <= len(texts) else None


def _tell_others(table: Table, column: str, problems: list[Problem]) -> None:
    """Tell of other columns that are called like one of labels, and hold something else than names for the same."""
    if table.columns.label is not None:
        return
    labels = table.column(column)
    for name in table.called_labels:
        pairs = set(zip(labels, table.column(name), strict=True))
        if name != column and len(pairs) > max(len(set(labels)), len({other for _, other in pairs})):
            what = f"the labels are those of {column!r}; {name!r} is read with --set data.columns.label={name}"
            problems.append(Problem(str(table.path), what))


def _from_flags(table: Table, splits: Sequence[str], problems: list[Problem]) -> list[str]:
    flags = flag_columns(table, splits)
    one_each = [len(names) == 1 for names in flags.rows]
    if len(flags.names) < 2 or not any(one_each):
        raise DataError(
            f"{table.path}:1: no column holds the labels; the columns are {describe(table.header)}; give {ADVICE}, or "
            "say which it is, with --set data.columns.label=NAME"
        )
    if any(len(names) > 1 for names in flags.rows):
        rows = [row for row, names in zip(table.rows, flags.rows, strict=True) if len(names) > 1]
        raise DataError(
            f"{table.path}: the columns {some(flags.names)} give several labels to {counted(len(rows), 'row', 'rows')} "
            f"({lines_of(rows)}); learn them with --set task.kind=multilabel"
        )
    what = f"each row has one of {some(flags.names)}, which are read as classes; for several labels for an image"
    problems.append(Problem(str(table.path), f"{what}: --set task.kind=multilabel"))
    return [names[0] if names else "" for names in flags.rows]


def flag_columns(table: Table, splits: Sequence[str] = ()) -> FlagColumns:
    """Return the columns of 0 and 1 of a table, but for those of splits."""
    texts = [{name: row.cells.get(name.casefold(), "") for name in table.header} for row in table.rows]
    return read_flags(texts, table.without("", *splits), [row.where for row in table.rows])


def _entries(
    table: Table, places: Sequence[Place | None], labels: Sequence[str], problems: list[Problem]
) -> tuple[Entry, ...]:
    entries: dict[str, Entry] = {}
    bare: list[TableRow] = []
    again: list[str] = []
    other: list[str] = []
    for row, place, label in zip(table.rows, places, labels, strict=True):
        if place is None:
            continue
        if not label:
            bare.append(row)
            continue
        entry = Entry(place.id, place.path, RawLabel(label), place.split)
        first = entries.setdefault(entry.id, entry)
        if first is not entry and first.target == entry.target:
            again.append(f"{entry.id} ({lines_of([row])})")
        elif first is not entry:
            other.append(f"{entry.id} ({lines_of([row])}: {label!r}, first {first.target.stratum!r})")
    if bare:
        what = f"{counted(len(bare), 'row has', 'rows have')} no label; left out: {lines_of(bare)}"
        problems.append(Problem(str(table.path), what))
    if again:
        images = counted(len(again), "image is", "images are")
        problems.append(Problem(str(table.path), f"{images} listed again; the first line counts: {some(again)}"))
    if other:
        images = counted(len(other), "image is", "images are")
        what = f"{images} listed again with another label; the first line counts: {some(other)}"
        advice = "; if images have several labels, learn them with --set task.kind=multilabel"
        problems.append(Problem(str(table.path), what + advice))
    return tuple(entries.values())

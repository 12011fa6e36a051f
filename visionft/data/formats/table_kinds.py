"""Which format reads a table, by its columns and what is wanted of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from visionft.data.formats.box_table import box_columns
from visionft.data.formats.label_sets.cells import MARKS
from visionft.data.formats.manifest import flag_columns, label_column
from visionft.data.formats.tables.files import LISTS, table_files
from visionft.data.formats.tables.names import LABEL, LABELS, plain
from visionft.data.formats.tables.places import place_rows
from visionft.data.formats.tables.splits import splits_of_rows
from visionft.data.formats.tables.table import Table
from visionft.data.formats.values.columns import has_fractions, numeric_columns
from visionft.data.listing import Columns
from visionft.data.naming import some
from visionft.data.targets.base import Target
from visionft.data.targets.label import Label
from visionft.data.targets.label_set import LabelSet
from visionft.data.targets.values import Values
from visionft.data.units import split_unit
from visionft.data.walk import images_below
from visionft.errors import DataError

_ADVICE = "path and label (and split, if there are splits)"
_LOOKED_AT = 100  # rows
_RUN_LENGTHS = ("encodedpixels", "rle", "rlemask", "maskrle", "segmentation")
_VALUE_NAMES = (["value"], ["target"])


def table_format(path: Path, target_type: type[Target] | None, columns: Columns) -> str:
    """Return which format reads a table.

    Args:
        path: a CSV file, or the folder that holds one or one for each split.
        target_type: the target that is to be made, where it is known.
        columns: what the user says of its columns.

    Raises:
        DataError: when nobody says what is wanted, and the columns do not either.
    """
    if target_type is not None and issubclass(target_type, LabelSet):  # of boxes, the classes
        return "label_table"
    if target_type is not None and issubclass(target_type, Values):
        return "values"
    try:
        table = Table.read(path, columns, _ADVICE)
        splits = splits_of_rows(table, [])[1]
    except DataError:  # told when it is read
        return "manifest"
    if box_columns(table) is not None:
        return "box_table"
    _refuse_run_lengths(table)
    if target_type is not None and issubclass(target_type, Label):
        single = any(plain(name) in LABEL for name in table.called_labels) or columns.label is not None
        return "manifest" if single or not _holds_label_sets(table, splits) else "label_table"
    return _kind(table, splits)


def _refuse_run_lengths(table: Table) -> None:
    """Refuse tables that describe masks, of which each would be a class of its own."""
    for name in table.called_labels or table.without():
        if plain(name) in _RUN_LENGTHS:
            raise DataError(
                f"{table.path}:1: the column {name!r} holds run lengths of masks; paint each image's as a PNG of class "
                "numbers, of the same name, into masks/ beside the images in images/"
            )


def tables_of_images(folder: Path, images_in: str | None = None) -> list[Path]:
    """Return a folder if it holds a table, or one for each split, of images most of which are there, and of labels.

    Args:
        folder: where the tables are.
        images_in: the folder of the images, relative to it; None looks beside and below.

    Raises:
        DataError: when it holds several such tables, and nothing says which counts.
    """
    try:
        table = Table.read(folder, Columns(), _ADVICE)
    except DataError:
        files = table_files(folder)
        if len(files) > 1 and any(_lists_images(file, images_in) for file in files):
            raise
        return []
    if table.path.suffix.lower() in LISTS and 2 * len({row.cells[table.image] for row in table.rows}) < _images(folder):
        return []  # a list of a few images, which lie in folders of classes
    return [folder] if _lists_images(folder, images_in, table) else []


def _images(folder: Path) -> int:
    return len(images_below(folder, [])[0])


def _lists_images(folder: Path, images_in: str | None, table: Table | None = None) -> bool:
    """Return whether a table has labels, and most of its first images are there; one that cannot be read has none."""
    root = folder if folder.is_dir() else folder.parent
    try:
        table = Table.read(folder, Columns(), _ADVICE) if table is None else table
        labelled = bool(table.called_labels) or box_columns(table) is not None or len(flag_columns(table).names) > 1
        labelled = labelled or any(has_fractions(table, name) for name in table.without())
        # a column of splits that nobody understands is told when the table is read
        unsplit = replace(table, columns=replace(table.columns, split=False))
        places, _ = place_rows(unsplit, root, images_in, []) if labelled else ([], ())
    except DataError:
        return False
    existing = sum(place is not None and place.path.is_file() for place in places[:_LOOKED_AT])
    return 2 * existing > len(places[:_LOOKED_AT])


def _kind(table: Table, splits: Sequence[str]) -> str:
    """Return the format of a table of which nobody says what is wanted.

    It is ``values`` without a column of labels where each column has a unit, or the only one is called value or target;
    where all of its cells are numbers, or empty; and where some have a fraction.
    """
    if _holds_label_sets(table, splits):
        return "label_table"
    others = [name for name in table.without(*splits) if name]
    plain_values = all(split_unit(name)[1] for name in others) or [name.casefold() for name in others] in _VALUE_NAMES
    if others and plain_values and all(has_fractions(table, name) for name in others):
        return "values"
    if table.label is not None or label_column(table, splits) is not None or _exclusive(table, splits):
        return "manifest"
    if numeric := numeric_columns(table, splits):
        flags = flag_columns(table, splits).names
        marks = (
            f"learn {some(flags)}, which hold 0 and 1, with --set task.kind=multilabel; or " if len(flags) > 1 else ""
        )
        raise DataError(
            f"{table.path}:1: there is no column label; {marks}say which one tells classes apart, with --set "
            f"data.columns.label={numeric[0] if len(numeric) == 1 else 'NAME'}, or predict the numbers of "
            f"{some(numeric)} with --set task.kind=regression"
        )
    return "manifest"


def _holds_label_sets(table: Table, splits: Sequence[str]) -> bool:
    """Return whether images have several labels: in a column ``labels``, cells like ``a|b``, or columns of 0 and 1."""
    if table.columns.label is None:
        if any(name.casefold() == "labels" for name in table.called_labels):
            return True
        if not table.called_labels:
            flags = flag_columns(table, splits)
            others = {name for name in flags.others if name}
            return len(flags.names) > 1 and not others and not flags.errors and not _exclusive(table, splits)
    column = table.labels if any(plain(name) in LABELS for name in table.called_labels) else table.label
    return column is not None and (_several_in_cells(table.column(column)) or _several_rows_each(table, column))


def _several_rows_each(table: Table, column: str) -> bool:
    """Return whether most images are listed several times, with another label each time."""
    labels: dict[str, set[str]] = defaultdict(set)
    for image, label in zip(table.column(table.image), table.column(column), strict=True):
        labels[image].add(label)
    return 2 * sum(len(several) > 1 for several in labels.values()) > len(labels)


def _several_in_cells(cells: Sequence[str]) -> bool:
    """Return whether texts hold several labels each: bars are enough, parts at other marks must come again."""
    texts = {cell for cell in cells if cell}
    if any("|" in text for text in texts):
        return True
    for mark in MARKS:
        parted = [{part.strip() for part in text.split(mark)} for text in texts]
        if any(len(parts) > 1 for parts in parted):
            return all(
                sum(part in other for other in parted) > 1 for parts in parted if len(parts) > 1 for part in parts
            )
    return False


def _exclusive(table: Table, splits: Sequence[str]) -> bool:
    """Return whether several columns of 0 and 1, and no other, give each row exactly one label."""
    if table.path.name == "_classes.csv":  # of Roboflow, which exports labels of several for an image so
        return False
    flags = flag_columns(table, splits)
    plain_table = len(flags.names) > 1 and not any(flags.others) and not flags.errors
    return plain_table and len(flags.rows) > 1 and all(len(names) == 1 for names in flags.rows)

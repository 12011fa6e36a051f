"""A CSV file with a row for each box."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from visionft.data.box_classes import choose_classes
from visionft.data.formats.tables.names import first_named, plain
from visionft.data.formats.tables.places import place_rows
from visionft.data.formats.tables.table import Table, TableRow
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import counted, natural_order, shorten, some
from visionft.data.raw_boxes import Coding, RawBox, RawBoxes
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError

ADVICE = "path, xmin, ymin, xmax, ymax and class (and split, if there are splits)"

_CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
    ("xtl", "ytl", "xbr", "ybr"),
)
_SIDES = (
    ("x", "y", "w", "h"),
    ("x", "y", "width", "height"),
    ("left", "top", "width", "height"),
    ("xmin", "ymin", "width", "height"),
    ("bboxx", "bboxy", "bboxwidth", "bboxheight"),
)
_BOX = ("bbox", "box", "boundingbox")
_GROUP = ("isgroupof", "iscrowd")
_ONLY_CLASS = "object"
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


class BoxColumns(NamedTuple):
    """Which columns hold a box.

    Attributes:
        names: four columns, or one that holds four numbers.
        coding: what the numbers are; ``xyxy`` also where they turn out to be fractions.
    """

    names: tuple[str, ...]
    coding: Coding


class BoxTable(DataFormat):
    """Columns ``path``, ``xmin``, ``ymin``, ``xmax``, ``ymax`` and ``class``, as TensorFlow and RetinaNet have.

    Corners are pixels, half-open, or fractions of the image where none is above 1; ``x``, ``y``, ``w``, ``h`` and
    ``bbox`` are left, top, width and height. A row without numbers is an image without objects. Beside corners,
    ``width`` and ``height`` are the image's. Columns, files and images are found as by ``manifest``.
    """

    kind: ClassVar[str] = "box_table"
    target: ClassVar[type[Target]] = Boxes
    takes: ClassVar[tuple[str, ...]] = ("columns", "images", "on_bad_box")

    def read(self, path: Path | None) -> Listing:
        """List the images; classes get natural order.

        Raises:
            DataError: when no columns hold boxes, or something cannot be understood.
        """
        if path is None or not path.exists():
            raise DataError(f"{path}: no such file; give a CSV with columns {ADVICE}")
        table = Table.read(path, self._options.columns, ADVICE)
        columns = box_columns(table)
        if columns is None:
            raise DataError(f"{table.path}:1: no columns hold boxes among {some(table.header, 20)}; give {ADVICE}")
        if isinstance(self._options.classes, dict):
            raise DataError(f"{path}: a table has names and no numbers of classes; give data.classes a list of names")
        problems = list(table.notes)
        base = path if path.is_dir() else path.parent
        places, _ = place_rows(table, base, self._options.images, problems)
        labels = _labels(table, problems)
        numbers = [_numbers(row, columns) for row in table.rows]
        coding = _coding(columns, numbers)
        names = natural_order(label for label, box in zip(labels, numbers, strict=True) if label and box != ())
        if not names:
            raise DataError(f"{table.path}: no row holds a box with a class; give {ADVICE}")
        classes = choose_classes(dict(enumerate(names)), self._options, problems)
        number_of = {name: number for number, name in enumerate(names)}
        crowd = first_named(table.header, _GROUP)
        boxes: dict[str, list[RawBox]] = defaultdict(list)
        first: dict[str, tuple[TableRow, Path, Split | None]] = {}
        torn: list[str] = []
        for row, place, label, box in zip(table.rows, places, labels, numbers, strict=True):
            if place is None:
                continue
            if first.setdefault(place.id, (row, place.path, place.split))[2] != place.split:
                torn.append(place.id)
            boxes[place.id] += []
            if box == ():
                continue
            group = crowd is not None and row.cells.get(crowd.casefold()) in ("1", "true", "True")
            raw = "" if isinstance(box, tuple) else shorten(box)
            one = RawBox(row.line, _coded(box, coding) if isinstance(box, tuple) else (), crowd=group, raw=raw)
            one = one if label else one._replace(fault="has no class")
            labelled = classes.label(one, number_of[label]) if label else one
            if labelled is not None:
                boxes[place.id].append(labelled)
        if torn:
            several = list(dict.fromkeys(torn))
            images = counted(len(several), "image is", "images are")
            what = f"{images} in several splits; what the first row says counts: {some(several)}"
            problems.append(Problem(str(table.path), what))
        entries = tuple(
            Entry(name, file, self._target(row, boxes[name], columns, coding, table), split)
            for name, (row, file, split) in first.items()
        )
        return Listing(path.stem, entries, classes.names, self.target, tuple(problems), source=str(path))

    def _target(
        self, row: TableRow, boxes: Sequence[RawBox], columns: BoxColumns, coding: Coding, table: Table
    ) -> RawBoxes:
        size = None
        if columns.coding == "xyxy":
            sides = [first_named(table.without(*columns.names), names) for names in (_WIDTH, _HEIGHT)]
            texts = ["" if side is None else row.cells.get(side.casefold(), "") for side in sides]
            if all(text.isdecimal() and int(text) > 0 for text in texts):
                size = (int(texts[0]), int(texts[1]))
        return RawBoxes(coding, tuple(boxes), f"{row.file}: line", size=size)


_WIDTH, _HEIGHT = ("width", "imagewidth", "imgwidth"), ("height", "imageheight", "imgheight")


def box_columns(table: Table) -> BoxColumns | None:
    """Return the columns that hold boxes; None where there are none."""
    by_name = {plain(name): name for name in reversed(table.header)}
    codings: tuple[tuple[tuple[tuple[str, ...], ...], Coding], ...] = ((_CORNERS, "xyxy"), (_SIDES, "xywh"))
    for several, coding in codings:
        for names in several:
            if all(name in by_name for name in names):
                return BoxColumns(tuple(by_name[name] for name in names), coding)
    one = first_named(table.header, _BOX)
    texts = [text for text in table.column(one) if text] if one is not None else []
    return BoxColumns((one,), "xywh") if one and texts and len(_NUMBER.findall(texts[0])) == 4 else None


def _labels(table: Table, problems: list[Problem]) -> list[str]:
    if table.label is None:
        what = f"no column holds classes, so all boxes are of the class {_ONLY_CLASS!r}; data.columns.label names one"
        problems.append(Problem(str(table.path), what))
        return [_ONLY_CLASS] * len(table.rows)
    return table.column(table.label)


def _numbers(row: TableRow, columns: BoxColumns) -> tuple[float, ...] | str:
    """Return a row's numbers, none where it has no box, and the text where it is none."""
    texts = [row.cells.get(name.casefold(), "") for name in columns.names]
    if not any(texts) or texts == ["[]"]:
        return ()
    parts = _NUMBER.findall(texts[0]) if len(texts) == 1 else texts
    try:
        numbers = tuple(map(float, parts))
    except ValueError:
        numbers = ()
    return numbers if len(numbers) == 4 else ", ".join(texts)


def _coding(columns: BoxColumns, boxes: Sequence[tuple[float, ...] | str]) -> Coding:
    """Return what the numbers are: fractions where none is above 1, as nobody draws boxes of a pixel alone."""
    numbers = [number for box in boxes if isinstance(box, tuple) for number in box]
    small = columns.coding == "xyxy" and numbers and max(numbers) <= 1 and min(numbers) >= 0
    return "fractions" if small else columns.coding


def _coded(box: tuple[float, ...], coding: Coding) -> tuple[float, ...]:
    """Return corners as centre and sides where they are fractions."""
    if coding != "fractions":
        return box
    left, top, right, bottom = box
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top

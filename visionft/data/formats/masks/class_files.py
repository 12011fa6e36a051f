"""Files beside masks that say which classes their values or colours stand for.

=================================  =============================================================================
``classes.txt labels.txt ...``     a name a line, in order of value; a value may stand before it
``labelmap.txt``                   CVAT: ``name:r,g,b:parts:actions``
``label_colors.txt``               CamVid: ``r g b name``
``_classes.csv``                   Roboflow: ``Pixel Value, Class``
``class_dict.csv`` and others      a table with a column of names, and ``r g b`` or one of values
``obj_class_to_machine_color.json``  Supervisely: name -> colour
=================================  =============================================================================
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from visionft.data.listing import Classes, Colour
from visionft.data.walk import look_into, read_lines
from visionft.errors import DataError

_NAMES = ("classes.txt", "labels.txt", "codes.txt", "class_names.txt", "names.txt", "obj.names")
_COLOURS = ("label_colors.txt", "label_colours.txt")
_LABELMAP = "labelmap.txt"
_MACHINE = "obj_class_to_machine_color.json"
_TABLE = re.compile("class|label|colou?r|palette")
_NAME_COLUMNS = ("name", "class", "class_name", "label", "category")
_IMAGE_COLUMNS = frozenset({"filename", "image", "path", "image_id", "file"})
_VALUE_COLUMNS = ("pixel value", "value", "id", "index", "label_id", "class_id")


def find_class_file(folders: Iterable[Path]) -> tuple[Path, Classes] | None:
    """Return the first file of classes and what it says; None where there is none.

    Args:
        folders: where to look, in this order.

    Raises:
        DataError: naming the file and line, when a file of such a name says something else.
    """
    for folder in folders:
        files = {file.name.casefold(): file for file in look_into(folder, []).others}
        for name, read in _readers(files):
            if name in files and (classes := read(files[name])):
                return files[name], classes
    return None


def _readers(files: Mapping[str, Path]) -> Iterable[tuple[str, Callable[[Path], Classes | None]]]:
    yield _LABELMAP, _labelmap
    yield _MACHINE, _machine_colours
    yield from ((name, _colours) for name in _COLOURS)
    yield from ((name, _table) for name in sorted(files) if name.endswith(".csv") and _TABLE.search(name))
    yield from ((name, _names) for name in _NAMES)


def _names(file: Path) -> Classes:
    lines = _lines(file)
    numbered = [re.fullmatch(r"(\d{1,5})\s*[:,;\t ]\s*(.+)", line) for line in lines]
    if lines and all(numbered):
        values = [int(found[1]) for found in numbered if found is not None]
        if len(set(values)) == len(values):
            return {found[2].strip(" '\""): value for found, value in zip(numbered, values, strict=True) if found}
    return tuple(line.strip("'\"") for line in lines)


def _labelmap(file: Path) -> Classes:
    classes: dict[str, Colour] = {}
    for number, line in enumerate(_lines(file, keep_empty=True), start=1):
        if not line or line.startswith("#"):
            continue
        name, *parts = line.split(":")
        colour = _colour(parts[0] if parts else "")
        if colour is None:
            raise DataError(f"{file}:{number}: found {line[:80]!r}; expected name:red,green,blue:parts:actions")
        classes[name.strip()] = colour
    return classes


def _colours(file: Path) -> Classes:
    classes: dict[str, Colour] = {}
    for number, line in enumerate(_lines(file, keep_empty=True), start=1):
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r"(\d{1,3}[\s,]+\d{1,3}[\s,]+\d{1,3})[\s,]+(.+)", line)
        colour = None if found is None else _colour(found[1])
        if found is None or colour is None:
            raise DataError(f"{file}:{number}: found {line[:80]!r}; expected red, green, blue and a name")
        classes[found[2]] = colour
    return classes


def _colour(text: str) -> Colour | None:
    parts = [part for part in re.split(r"[\s,;]+", text.strip(" []()")) if part]
    if len(parts) != 3 or not all(part.isdecimal() and int(part) < 256 for part in parts):
        return None
    red, green, blue = map(int, parts)
    return red, green, blue


def _table(file: Path) -> Classes | None:
    """Return the classes of a table; None where its columns are no names with colours or values."""
    text = "\n".join(read_lines(file))
    if not text:
        return None
    delimiter = max(",;\t", key=text.splitlines()[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=delimiter)]
    header = [cell.casefold() for cell in rows[0]]
    names = next((header.index(name) for name in _NAME_COLUMNS if name in header), None)
    if names is None or _IMAGE_COLUMNS.intersection(header):
        return None
    colours = [
        next((at for at, cell in enumerate(header) if cell in (word, word[0])), None)
        for word in ("red", "green", "blue")
    ]
    values = next((header.index(name) for name in _VALUE_COLUMNS if name in header), None)
    classes: dict[str, int | Colour] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        if None not in colours:
            found: int | Colour | None = _colour(
                ",".join(row[at] for at in colours if at is not None and at < len(row))
            )
        elif values is not None:
            found = int(row[values]) if values < len(row) and row[values].isdecimal() else None
        else:
            return None
        if found is None or names >= len(row):
            raise DataError(
                f"{file}:{number}: found {delimiter.join(row)[:80]!r}; expected a name and its value or colour"
            )
        classes[row[names]] = found
    return classes


def _machine_colours(file: Path) -> Classes:
    try:
        stated = json.loads("\n".join(read_lines(file)))
    except ValueError as error:
        raise DataError(f"{file}: is not JSON ({error})") from error
    if not isinstance(stated, dict):
        raise DataError(f"{file}: expected a mapping of names to colours")
    colours = {str(name): _colour(str(colour)) for name, colour in stated.items()}
    if wrong := [name for name, colour in colours.items() if colour is None]:
        raise DataError(f"{file}: the colour of {wrong[0]!r} is {stated[wrong[0]]!r}; expected red, green and blue")
    found = {name: colour for name, colour in colours.items() if colour is not None}
    if all(len(set(colour)) == 1 for colour in found.values()):
        values = {name: colour[0] for name, colour in found.items()}
        return values if 0 in values.values() else {"background": 0, **values}
    return found if (0, 0, 0) in found.values() else {"background": (0, 0, 0), **found}


def _lines(file: Path, *, keep_empty: bool = False) -> list[str]:
    lines = [line.strip() for line in read_lines(file)]
    return lines if keep_empty else [line for line in lines if line]

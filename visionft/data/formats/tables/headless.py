"""Files whose columns have no names, and whose form tells what they hold.

===============================================  ====================================================
``a.jpg,10,10,50,50,cat``                        Keras RetinaNet; ``a.jpg,,,,,`` shows no object
``TRAIN,gs://x/a.jpg,cat,.1,.1,,,.5,.5,,``       Google AutoML and Vertex AI: a set, an image, a box
``TRAIN,gs://x/a.jpg,cat``                       the same of labels, one or more
``a.jpg 10 10 50 50 0 "car"``                    Udacity: corners, whether it is hidden, a class
``a.jpg 10,10,50,50,0 20,20,60,60,1``            keras-yolo3: corners and class of each object
``a.jpg``, ``1``, ``10 10 40 40 0 0 0 0 0 0``    WIDER FACE: a picture, how many, left, top, sides of each
``a.jpg 1 0 1``                                  1 or 0, or -1, for each of several labels, such as CelebA's
``a.jpg 2.88``                                   a number for each image, one or more
``a.jpg 3``, ``a.jpg cat``                       a label of each image, such as ImageNet's
``[{"name": "a.jpg", "labels": [...]}]``         BDD100K, Scalabel: boxes (``box2d``) with their ``category``
===============================================  ====================================================
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from visionft.data.formats.label_sets.files import read_label_file
from visionft.data.formats.tables.names import names_an_image
from visionft.data.formats.tables.text import DELIMITERS
from visionft.data.naming import counted, some, split_of
from visionft.errors import DataError
from visionft.imaging import IMAGE_EXTENSIONS
from visionft.imaging.regular_file import read_regular_file

_HEAD = 1 << 20  # bytes that are enough to know a form
_LOOKED_AT = 20  # lines at the beginning, which tell the form
_BOX = ("xmin", "ymin", "xmax", "ymax")
_RETINANET = ("path", "x1", "y1", "x2", "y2", "class")
_SIDES = ("path", "x", "y", "width", "height")
_AUTOML_BOX = 11  # cells of a line with a box: a set, an image, a label, four corners of which two suffice
_AUTOML_SETS = {"validate": "validation", "unassigned": ""}  # and what splits are called anywhere

_SCALABEL = re.compile(rb'"box2d"\s*:')
_ENDINGS = "|".join(sorted(re.escape(ending) for ending in IMAGE_EXTENSIONS))
_NAME = rf'"?(.*?\S(?:{_ENDINGS}))"?'
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_NAMED = re.compile(_NAME, re.IGNORECASE)
_UDACITY = re.compile(
    rf'{_NAME}\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})\s+({_NUMBER})(?:\s+[01])?\s+"?([^"\s]+)"?(?:\s+"[^"]*")*',
    re.IGNORECASE,
)
_GROUP = rf"{_NUMBER}(?:,{_NUMBER}){{3}},[^,\s]+"
_YOLO3 = re.compile(rf"{_NAME}((?:\s+{_GROUP})*)", re.IGNORECASE)
_NUMBERS = re.compile(rf"{_NAME}((?:\s+{_NUMBER})+)", re.IGNORECASE)
_FLAGS = re.compile(rf"{_NAME}((?: +-?[01]){{2,}})", re.IGNORECASE)

Rows = tuple[tuple[int, tuple[str, ...]], ...]


class Known(NamedTuple):
    """What a file without names of columns holds.

    Attributes:
        header: the names that its columns have by its form.
        rows: line of the file, from 1, and cells.
        what: how it was read, for people.
    """

    header: tuple[str, ...]
    rows: Rows
    what: str


def known_form(path: Path, text: str) -> Known | None:
    """Return what a file holds whose columns have no names; None of a table with names, and of an unknown form.

    Args:
        path: the file; lists of labels are read of ``.txt`` and ``.json`` alone.
        text: what it holds.
    """
    ending = path.suffix.lower()
    if ending != ".json":
        lines = _lines(text)
        for form in _FORMS:
            if (found := form(lines)) is not None:
                return found
    if ending == ".json" and (found := _scalabel(path)) is not None:
        return found
    return _one_label_each(path) if ending in (".txt", ".json") else None


def is_known(path: Path) -> bool:
    """Return whether a file has columns without names, and a known form, by its first lines."""
    return known_form(path, head_of(path)) is not None


def holds_columns(path: Path) -> bool:
    """Return whether a text file holds boxes, or yes and no, and not labels by name."""
    lines = _lines(head_of(path))
    return any(form(lines) is not None for form in _FORMS)


def head_of(path: Path) -> str:
    """Return the first lines of a file; nothing of one that cannot be read."""
    try:
        with path.open("rb") as opened:
            head = opened.read(_HEAD).decode("utf-8-sig", "replace")
    except OSError:
        return ""
    return head if len(head) < _HEAD else head.rpartition("\n")[0]


def _lines(text: str) -> list[tuple[int, str]]:
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def missing_header(cells: Sequence[str], delimiter: str) -> str | None:
    """Return the line of names that is missing before cells of which one is an image's name; None of other cells."""
    place = next((place for place, cell in enumerate(cells) if names_an_image(cell)), None)
    if place is None:
        return None
    others = ["label", "split"] if len(cells) <= 3 else ["label", *(f"column{n}" for n in range(3, len(cells) + 1))]
    return delimiter.join("path" if here == place else others.pop(0) for here in range(len(cells)))


def _matches(
    pattern: re.Pattern[str], lines: Sequence[tuple[int, str]]
) -> tuple[list[tuple[int, re.Match[str]]], str] | None:
    """Return the match of each line, and what is said of those that are none; None where one of the first is none."""
    if not lines or not all(pattern.fullmatch(line) for _, line in lines[:_LOOKED_AT]):
        return None
    matches = [(number, pattern.fullmatch(line)) for number, line in lines]
    return [(number, match) for number, match in matches if match], _left_out(
        [number for number, match in matches if not match]
    )


def _left_out(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    lines = counted(len(numbers), "line is", "lines are")
    return f"; {lines} of another form, and left out: line {some(map(str, numbers))}"


def _retinanet(lines: Sequence[tuple[int, str]]) -> Known | None:
    if (found := _cells(lines, _is_retinanet)) is None:
        return None
    return Known(_RETINANET, found[0], f"has no names of columns, and is read as {_named(_RETINANET)}{found[1]}")


def _is_retinanet(cells: Sequence[str]) -> bool:
    if len(cells) != len(_RETINANET) or not names_an_image(cells[0]):
        return False
    return not any(cells[1:]) or (all(cell.lstrip("-").isdecimal() for cell in cells[1:5]) and bool(cells[5]))


def _automl(lines: Sequence[tuple[int, str]]) -> Known | None:
    boxes = _cells(lines, lambda cells: len(cells) == _AUTOML_BOX and _is_automl(cells))
    found = boxes or _cells(lines, lambda cells: len(cells) < _AUTOML_BOX and _is_automl(cells))
    if found is None:
        return None
    several = any(len(cells) > 3 for _, cells in found[0])
    header = ("split", "path", *(("label", *_BOX) if boxes else ("labels",) if several else ("label",)))
    rows = []
    for number, (part, image, *rest) in found[0]:
        said = (rest[0], rest[1], rest[2], rest[5], rest[6]) if boxes else ("|".join(filter(None, rest)),)
        rows.append((number, (_AUTOML_SETS.get(part.casefold(), part), image, *said)))
    return Known(header, tuple(rows), f"is a file of Google AutoML's, and is read as {_named(header)}{found[1]}")


def _is_automl(cells: Sequence[str]) -> bool:
    if len(cells) < 3 or not names_an_image(cells[1]):
        return False
    return split_of(cells[0]) is not None or cells[0].casefold() in _AUTOML_SETS


def _cells(lines: Sequence[tuple[int, str]], fits: Callable[[Sequence[str]], bool]) -> tuple[Rows, str] | None:
    """Return the cells of lines, and what is said of those that do not fit; None where one of the first does not."""
    for delimiter in DELIMITERS:
        if lines and all(fits(_split(line, delimiter)) for _, line in lines[:_LOOKED_AT]):
            rows = [(number, _split(line, delimiter)) for number, line in lines]
            odd = [number for number, cells in rows if not fits(cells)]
            return tuple(row for row in rows if fits(row[1])), _left_out(odd)
    return None


def _split(line: str, delimiter: str) -> tuple[str, ...]:
    return tuple(cell.strip().strip('"') for cell in line.split(delimiter))


def _udacity(lines: Sequence[tuple[int, str]]) -> Known | None:
    if (found := _matches(_UDACITY, lines)) is None:
        return None
    matches, lost = found
    if any(re.fullmatch(_NUMBER, match[6]) for _, match in matches):
        return None  # numbers alone may be anything
    corners = all(float(match[4]) > float(match[2]) and float(match[5]) > float(match[3]) for _, match in matches)
    header = ("path", *_BOX, "class") if corners else (*_SIDES, "class")
    rows = tuple((number, match.groups()) for number, match in matches)
    return Known(header, rows, f"has no names of columns, and is read as {_named(header)}{lost}")


def _yolo3(lines: Sequence[tuple[int, str]]) -> Known | None:
    found = _matches(_YOLO3, lines)
    if found is None or not any(match[2] for _, match in found[0]):
        return None
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, match in found[0]:
        boxes = match[2].split() or [",,,,"]
        rows += [(number, (match[1], *box.split(","))) for box in boxes]
    header = ("path", *_BOX, "class")
    return Known(
        header, tuple(rows), f"is a list of keras-yolo3's, and is read as {_named(header)} for each object{found[1]}"
    )


def _wider(lines: Sequence[tuple[int, str]]) -> Known | None:
    if len(lines) < 3 or not _NAMED.fullmatch(lines[0][1]) or not lines[1][1].isdecimal():
        return None
    rows: list[tuple[int, tuple[str, ...]]] = []
    at = 0
    while at < len(lines):
        number, name = lines[at]
        if not _NAMED.fullmatch(name) or at + 1 == len(lines) or not lines[at + 1][1].isdecimal():
            return None
        count = int(lines[at + 1][1])
        stated = [(line, tuple(text.split()[:4])) for line, text in lines[at + 2 : at + 2 + max(1, count)]]
        if count == 0:  # a line of zeros follows in the lists of WIDER FACE, and none in others
            followed = bool(stated) and not _NAMED.fullmatch(" ".join(stated[0][1]))
            rows.append((number, (name, "", "", "", "")))
            at += 2 + followed
            continue
        if any(len(box) < 4 for _, box in stated):
            return None
        rows += [(line, (name, *box)) for line, box in stated]
        at += 2 + count
    return Known(
        _SIDES, tuple(rows), f"is a list as WIDER FACE has it, and is read as {_named(_SIDES)} for each object"
    )


def _flags(lines: Sequence[tuple[int, str]]) -> Known | None:
    """Return a column for each label; CelebA has how many there are and their names above."""
    names: list[str] = []
    rest = list(lines)
    if len(rest) > 1 and rest[0][1].isdecimal():
        del rest[0]
    if len(rest) > 1 and not _FLAGS.fullmatch(rest[0][1]) and _FLAGS.fullmatch(rest[1][1]):
        names = rest.pop(0)[1].split()
    if (found := _matches(_FLAGS, rest)) is None:
        return None
    matches, lost = found
    values = [match[2].split() for _, match in matches]
    count = len(values[0])
    if any(len(one) != count for one in values) or (names and len(names) not in (count, count + 1)):
        return None
    labels = names[-count:] if names else [f"class {number}" for number in range(count)]
    rows = tuple(
        (number, (match[1], *("1" if value == "1" else "0" for value in one)))
        for (number, match), one in zip(matches, values, strict=True)
    )
    named = "" if names else f", called {labels[0]} and so on, since nothing names them"
    return Known(("path", *labels), rows, f"says yes or no to {count} labels of each image{named}{lost}")


def _values(lines: Sequence[tuple[int, str]]) -> Known | None:
    """Return the numbers of each image, some of which have a fraction: they are no classes."""
    if (found := _matches(_NUMBERS, lines)) is None:
        return None
    matches, lost = found
    values = [match[2].split() for _, match in matches]
    count = len(values[0])
    if any(len(one) != count for one in values) or not any("." in number for one in values for number in one):
        return None
    names = ["value"] if count == 1 else [f"value {number}" for number in range(1, count + 1)]
    rows = tuple((number, (match[1], *one)) for (number, match), one in zip(matches, values, strict=True))
    header = ("path", *names)
    return Known(header, rows, f"has no names of columns, and is read as {_named(header)}{lost}")


def _scalabel(path: Path) -> Known | None:
    """Return the boxes of Scalabel's JSON; what has none, such as lanes, is counted."""
    try:
        text = read_regular_file(path)
        frames = json.loads(text) if _SCALABEL.search(text) else None
    except (OSError, ValueError, RecursionError):
        return None
    frames = frames.get("frames") if isinstance(frames, dict) else frames
    if not isinstance(frames, list) or not all(isinstance(frame, dict) and "name" in frame for frame in frames):
        return None
    rows: list[tuple[int, tuple[str, ...]]] = []
    others: Counter[str] = Counter()
    for number, frame in enumerate(frames, start=1):
        labels = frame.get("labels") or []
        boxes = [one for one in labels if isinstance(one.get("box2d"), dict)]
        others.update(str(one.get("category")) for one in labels if one not in boxes)
        if not boxes:
            rows.append((number, (str(frame["name"]), "", "", "", "", "")))
        for one in boxes:
            corners = (str(one["box2d"].get(key, "")) for key in ("x1", "y1", "x2", "y2"))
            rows.append((number, (str(frame["name"]), *corners, str(one.get("category", "")))))
    what = "is JSON of BDD100K's or Scalabel's, of which the boxes are read"
    if others:
        what += f"; {counted(others.total(), 'label has', 'labels have')} none: {some(others)}"
    return Known(("path", *_BOX, "class"), tuple(rows), what)


def _one_label_each(path: Path) -> Known | None:
    """Return a list in which no image has several labels."""
    try:
        # COCO's files can be so large that they are searched as text, which takes a hundredth of the time of reading
        if path.suffix.lower() == ".json" and b'"annotations"' in path.read_bytes():
            return None
        said = read_label_file(path, None)
    except (OSError, DataError):
        return None
    named = [one for one in said.listed if names_an_image(one.name)]
    if not named or len(named) < len(said.errors) or len(named) < len(said.listed):
        return None
    if any(len(one.labels) > 1 for one in named) or not any(one.labels for one in named):
        return None
    line = range(1, len(named) + 1) if path.suffix.lower() == ".json" else _lines_of(one.where for one in named)
    rows = tuple((at, (one.name, "".join(one.labels), one.split or "")) for at, one in zip(line, named, strict=True))
    labels = len({one.labels for one in named if one.labels})
    what = (
        f"gives no image several labels, so that its {labels} different ones are read as classes; for several labels "
        "for an image: --set task.kind=multilabel"
    )
    if said.errors:
        what += f"; {len(said.errors)} lines name no image, and are left out: {said.errors[0]}"
    with_splits = any(one.split for one in named)
    header = ("path", "label", "split") if with_splits else ("path", "label")
    return Known(header, tuple((at, cells[: len(header)]) for at, cells in rows), what)


def _lines_of(places: Iterable[str]) -> list[int]:
    return [int(where.rpartition(":")[2]) for where in places]


def _named(header: Sequence[str]) -> str:
    return ",".join(header)


_FORMS: tuple[Callable[[Sequence[tuple[int, str]]], Known | None], ...] = (
    _retinanet,
    _automl,
    _udacity,
    _yolo3,
    _wider,
    _flags,
    _values,
)

"""The lines of label files, whatever stands between their numbers: class first, or last as DOTA has it.

======================================  ==============================================================
``0 0.5 0.5 0.2 0.1``                   a class and numbers
``0,0.5,0.5,0.2,0.1`` ``0; 0,5; ...``   the same, as other programs write it
``traffic light 0.5 0.5 0.2 0.1``       the name of a class
``10 10 50 10 50 30 10 30 ship 0``      DOTA: four corners in pixels, the name, whether it is difficult
``Car 0.00 0 -1.5 10 10 50 30 1 ...``   KITTI: how cut off, hidden and turned it is, its corners, its place
``684,8,273,116,1,4,0,0``               VisDrone: left, top, width, height, whether it counts, class, two more
``# made by hand``                      a comment; so are DOTA's ``imagesource:`` and ``gsd:``
======================================  ==============================================================
"""

import re
from pathlib import Path
from typing import NamedTuple

from visionft.data.checks.bad_files import BoxError
from visionft.data.texts import read_text
from visionft.errors import DataError

_DECIMAL = re.compile(r"-?\d*,\d+|-?\d+")
_WHOLE = re.compile(r"-?[0-9]+")
_HEADERS = ("imagesource:", "gsd:")
_ANYTHING = "DontCare"  # what KITTI calls a region in which nobody looked
COMMAS, SEMICOLONS = "commas between their numbers", "semicolons between their numbers"
DECIMAL_COMMAS, COMMENTS, DOTA = (
    "commas for decimal points",
    "comments",
    "four corners before the class, as DOTA has it",
)
KITTI = "14 numbers behind a name, of which the fourth to seventh are corners, as KITTI has it"
VISDRONE = "left, top, width, height, score and class, as VisDrone has it"
HEADER, OTHER_ENCODING = "a first line of column names", "another encoding than UTF-8"


class LabelLine(NamedTuple):
    """An object as a line states it.

    Attributes:
        number: of the line, from 1.
        category: class index, or a name; -1 where none can be read, or where anything may be that is not to be learned.
        numbers: what stands behind the class.
        text: the line, shortened.
        fault: why it cannot be read; empty for a good one.
        crowd: whether it is difficult, as DOTA says.
    """

    number: int
    category: int | str
    numbers: tuple[float, ...]
    text: str
    fault: str = ""
    crowd: bool = False


class LinesOfFile(NamedTuple):
    """The lines of a file, and in which ways it is unusual."""

    lines: tuple[LabelLine, ...]
    habits: frozenset[str] = frozenset()


def read_label_file(path: Path) -> LinesOfFile:
    """Read a label file.

    Raises:
        BoxError: when it is no text.
    """
    try:
        text, guessed = read_text(path)
    except DataError as error:
        raise BoxError(str(error), "the label file cannot be read as text") from error
    habits = {OTHER_ENCODING} if guessed else set()
    lines = []
    for number, row in enumerate(text.splitlines(), start=1):
        shown = row.strip()
        if shown and (line := _read(number, shown, habits)) is not None:
            lines.append(line)
    if len(lines) > 1 and lines[0].number == 1 and lines[0].fault and not any(map(_is_number, lines[0].text.split())):
        habits.add(HEADER)
        del lines[0]
    return LinesOfFile(tuple(lines), frozenset(habits))


def _read(number: int, text: str, habits: set[str]) -> LabelLine | None:
    """Return what a line says, None for a comment; ``habits`` grows."""
    try:
        category, *numbers = map(float, text.split())
    except ValueError:
        return _read_odd(number, text, habits)
    shown = text[:80]
    if not category.is_integer() or category < 0:
        return LabelLine(number, -1, (), shown, "does not begin with a class number, 0 or more")
    return LabelLine(number, int(category), tuple(numbers), shown)


def _read_odd(number: int, text: str, habits: set[str]) -> LabelLine | None:
    if text.startswith(_HEADERS):
        return None
    bare = text.partition("#")[0] if text.startswith("#") or " #" in text else text
    if bare != text:
        habits.add(COMMENTS)
        return _read(number, bare.strip(), habits) if bare.strip() else None
    if (line := _of_set(number, text, habits)) is not None:
        return line
    spaced = _with_spaces(text, habits)
    if spaced != text:
        return _read(number, spaced, habits)
    words = text.split()
    numeric = [_is_number(word) for word in words]
    shown = text[:80]
    first = numeric.index(True) if True in numeric else len(words)
    if numeric[:9] == [True] * 8 + [False]:
        habits.add(DOTA)
        crowd = words[9:10] == ["1"]
        return LabelLine(number, words[8], tuple(map(float, words[:8])), shown, crowd=crowd)
    if 0 < first < len(words) and all(numeric[first:]):
        name = " ".join(words[:first]).strip("\"'")
        return LabelLine(number, name, tuple(map(float, words[first:])), shown)
    return LabelLine(number, -1, (), shown, "is not made of numbers")


def _of_set(number: int, text: str, habits: set[str]) -> LabelLine | None:
    """Return the line of a known data set, its box as four corners in pixels; None of others."""
    words = text.split()
    if len(words) in (15, 16) and not _is_number(words[0]) and all(map(_is_number, words[1:])):
        cut_off, hidden = map(float, words[1:3])
        if -1 <= cut_off <= 1 and hidden in (-1, 0, 1, 2, 3):
            habits.add(KITTI)
            anything = words[0] == _ANYTHING
            return LabelLine(
                number, -1 if anything else words[0], _corners(*map(float, words[4:8])), text[:80], crowd=anything
            )
    cells = text.removesuffix(",").split(",")
    if len(cells) == 8 and all(map(_WHOLE.fullmatch, cells)):
        left, top, width, height, counts, category, *states = map(int, cells)
        if counts in (0, 1) and 0 <= category <= 11 and all(-1 <= state <= 2 for state in states):
            habits.add(VISDRONE)
            anything = category == 0 or not counts
            corners = _corners(left, top, left + width, top + height)
            return LabelLine(number, -1 if anything else category, corners, text[:80], crowd=anything)
    return None


def _corners(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
    return left, top, right, top, right, bottom, left, bottom


def _with_spaces(text: str, habits: set[str]) -> str:
    """Return a line with nothing but spaces between its numbers, and points in them."""
    parts = text.replace(";", " ").split()
    if ";" in text:
        habits.add(SEMICOLONS)
    if len(parts) >= 5 and all(map(_DECIMAL.fullmatch, parts)) and any("," in part for part in parts):
        habits.add(DECIMAL_COMMAS)
        return " ".join(parts).replace(",", ".")
    words = " ".join(parts).replace(",", " ").split()
    if "," in text and sum(map(_is_number, words)) >= 4:
        habits.add(COMMAS)
        return " ".join(words)
    return " ".join(parts) if ";" in text else text


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True

"""Many small pictures on one: rows with titles, columns with headings, and what the colours mean.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visionft.imaging.boxes import letters
from visionft.imaging.palette import BLACK, Colour

_PAPER: Colour = (255, 255, 255)
_SMALL, _LARGE = 13, 17  # pixels of a letter
_GAP = 6  # pixels between pictures


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Pictures beside each other.

    Attributes:
        title: a text above them.
        pictures: uint8 RGB, of one size in the whole sheet.
    """

    title: str
    pictures: Sequence[NDArray[np.uint8]]


def sheet(
    heading: str, columns: Sequence[str], rows: Sequence[Row], legend: Sequence[tuple[str, Colour]] = ()
) -> NDArray[np.uint8]:
    """Put pictures on a white sheet. Texts that are too long lose their beginning.

    Args:
        heading: above everything.
        columns: a text above each picture of the first row.
        rows: at least one, each with a picture for every column.
        legend: names and colours, below everything.

    Returns:
        uint8 RGB.

    Raises:
        ValueError: when the pictures are not of one size, or a row lacks some.
    """
    shapes = {picture.shape for row in rows for picture in row.pictures}
    if len(shapes) != 1 or {len(row.pictures) for row in rows} != {len(columns)}:
        raise ValueError(f"pictures of {sorted(shapes)} in rows of {[len(row.pictures) for row in rows]}")
    height, width, _ = shapes.pop()
    wide = _GAP + len(columns) * (width + _GAP)
    blank_HW3 = np.full((height, _GAP, 3), _PAPER, np.uint8)
    bands = [_line(wide, [(_GAP, heading, wide - 2 * _GAP)], _LARGE)]
    starts = [_GAP + number * (width + _GAP) for number in range(len(columns))]
    bands.append(_line(wide, [(at, text, width) for at, text in zip(starts, columns, strict=True)], _SMALL))
    for row in rows:
        pictures = [part for picture in row.pictures for part in (blank_HW3, picture)]
        bands.append(_line(wide, [(_GAP, row.title, wide - 2 * _GAP)], _SMALL))
        bands.append(np.hstack([*pictures, blank_HW3]))
    bands += _legend(wide, legend)
    return np.vstack([*bands, np.full((_GAP, wide, 3), _PAPER, np.uint8)])


def _line(wide: int, texts: Sequence[tuple[int, str, int]], size: int) -> NDArray[np.uint8]:
    """Return a line of texts, each given with where it begins and the room it has."""
    line_HW3 = np.full((2 * size, wide, 3), _PAPER, np.uint8)
    for at, text, room in texts:
        _, write = letters(_fitting(text, size, room), size)
        write(line_HW3, (at, round(1.5 * size)), BLACK)
    return line_HW3


def _legend(wide: int, legend: Sequence[tuple[str, Colour]]) -> list[NDArray[np.uint8]]:
    """Return as many lines as names and colours take."""
    lines: list[NDArray[np.uint8]] = []
    at = wide
    for name, colour in legend:
        text = _fitting(name, _SMALL, wide - 2 * _GAP - 2 * _SMALL)
        needed = letters(text, _SMALL)[0] + 2 * _SMALL
        if not lines or at + needed > wide - _GAP:
            lines.append(_line(wide, [], _SMALL))
            at = _GAP
        top, side = _SMALL // 2 + 2, _SMALL - 2
        lines[-1][top : top + side, at : at + side] = BLACK
        lines[-1][top + 1 : top + side - 1, at + 1 : at + side - 1] = colour
        letters(text, _SMALL)[1](lines[-1], (at + round(1.4 * _SMALL), round(1.5 * _SMALL)), BLACK)
        at += needed + 2 * _SMALL
    return lines


def _fitting(text: str, size: int, room: int) -> str:
    """Return a text in one line that is no longer than its room; of file names the end says most."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    if letters(text, size)[0] <= room:
        return text
    while text and letters(f"...{text}", size)[0] > room:
        text = text[1:]
    return f"...{text}"

"""Which class a value or colour in a mask file stands for.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.data.checks.bad_files import MaskError, UnknownValues
from visionft.data.listing import Classes, Colour, Value
from visionft.data.naming import some
from visionft.errors import DataError

MANY = 64
"""More different values than this in masks that nobody described are no classes."""

MANY_ADVICE = "if they are classes, say in data.classes what they stand for"
JPEG_ADVICE = "save masks as PNG, and resize them with nearest neighbour only"
TWO_ADVICE = "for two classes, set data.mask_threshold: 128"
MAX_VALUE = 65_535
"""The largest value that a mask may hold."""


@dataclass(frozen=True, slots=True)
class Coding:
    """The classes of a set of mask files.

    Attributes:
        names: class names in label order, at most 255.
        table: (code, class index or ``IGNORE``), ordered by code; the code of a colour is 0xRRGGBB.
        colours: whether the codes are colours.
        palette: the first colour of each class, as it was given; empty where the codes are values.
        threshold: values from this on are the second of the two in the table, others the first; None where codes are
            exact.
        alpha: whether the values are the transparency of files that have any.
    """

    names: tuple[str, ...]
    table: tuple[tuple[int, int], ...]
    colours: bool = False
    palette: tuple[Colour, ...] = ()
    threshold: float | None = None
    alpha: bool = False

    def decode(self, stored: NDArray[np.generic], where: str) -> NDArray[np.uint8]:
        """Translate what a mask file holds.

        Args:
            stored: (H, W) values, or (H, W, 3) uint8 colours.
            where: the file, for the message.

        Returns:
            (H, W) class indices and ``IGNORE``.

        Raises:
            DataError: when a value stands for no class.
        """
        if self.threshold is not None:
            (_, below), (_, above) = self.table
            bright_HW = np.greater_equal(brightest(stored), self.threshold)
            return np.where(bright_HW, np.uint8(above), np.uint8(below))
        if not self.colours and stored.ndim == 3:
            kind = (
                "holds colours, but the classes are given by value; give their colours in data.classes, "
                "such as {road: [128, 64, 128]}"
            )
            raise MaskError(f"{where}: {kind}", kind)
        codes = pack(stored)
        known = np.array([code for code, _ in self.table], np.uint32)
        labels = np.array([label for _, label in self.table], np.uint8)
        at = np.minimum(np.searchsorted(known, codes), len(known) - 1)
        unknown = known[at] != codes
        if unknown.any():
            raise self._explain(codes[unknown], where)
        return labels[at]

    def _explain(self, unknown: NDArray[np.uint32], where: str) -> MaskError:
        codes, counts = np.unique(unknown, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        pixels = {self._show(int(codes[at])): int(counts[at]) for at in order}
        noun = "colours" if self.colours else "values"
        found = some((f"{value} ({count:,} pixels)" for value, count in pixels.items()), 20)
        text = f"{where}: {len(pixels)} {noun} stand for no class: {found}"
        if len(pixels) > MANY:
            kind = (
                f"more than {MANY} {noun} stand for no class; {MANY_ADVICE}; if not, JPEG compression or smooth "
                f"resizing left them: {TWO_ADVICE}, or {JPEG_ADVICE}"
            )
            return MaskError(f"{text}; {kind.partition('; ')[2]}", kind)
        allowed = [
            f"{self._show(code)} {'is ignored' if label == IGNORE else self.names[label]}" for code, label in self.table
        ]
        advice = f"allowed are {some(allowed, 20)}; name them in data.classes or list them in data.ignore"
        if len(self.names) == 2 and not self.colours:
            advice += f"; where JPEG compression or smooth resizing left them, {TWO_ADVICE}"
        return UnknownValues(f"{text}; {advice}", noun, pixels, advice)

    def _show(self, code: int) -> str:
        return str(list(unpack(code))) if self.colours else str(code)


def pack(stored: NDArray[np.generic]) -> NDArray[np.uint32]:
    """Return (H, W) codes of (H, W) values or (H, W, 3) colours."""
    values = stored.astype(np.uint32)
    if stored.ndim == 3:
        values = np.dot(values, np.array([1 << 16, 1 << 8, 1], np.uint32))
    return values


def brightest(stored: NDArray[Any]) -> NDArray[Any]:
    """Return (H, W) values, of colours that of the brightest channel."""
    return stored if stored.ndim == 2 else stored.max(axis=2)


def unpack(code: int) -> Colour:
    """Return the colour of a code."""
    return code >> 16, code >> 8 & 255, code & 255


def make_coding(classes: Classes, ignore: Iterable[Value] = ()) -> Coding:
    """Make a coding of what the user says.

    Where every class of a mapping is given by three numbers (or several times three), they are colours, and a
    single number to be ignored means a grey; otherwise all are values.

    Args:
        classes: names, of which name i is value i, or names with their values or colours.
        ignore: values or colours that are ignored. Of values 255 is too, unless it is a class.

    Raises:
        DataError: when they contradict each other, or are too many.
    """
    colours = isinstance(classes, Mapping) and all(map(is_by_colour, classes.values()))
    names = tuple(classes)
    if not names or len(names) > IGNORE or len(set(names)) < len(names):
        raise DataError(f"data.classes: {len(names)} names ({some(names)}); 1 to {IGNORE} different ones are needed")
    table: dict[int, int] = {}
    palette: list[Colour] = []
    for label, name in enumerate(names):
        values = _listed(classes[name], colours=colours) if isinstance(classes, Mapping) else (label,)
        if not values:
            raise DataError(f"data.classes: {name!r} has no value; give the number or colour it has in the masks")
        for value in values:
            _add(table, value, label, names, f"data.classes: {name!r}", colours=colours)
        if colours:
            palette.append(unpack(_code(values[0], name, colours=True)))
    for value in ignore:
        _add(table, value, IGNORE, names, "data.ignore", colours=colours)
    if not colours:
        table.setdefault(IGNORE, IGNORE)
    return Coding(names, tuple(sorted(table.items())), colours, tuple(palette))


def _is_colour(value: Value | tuple[Value, ...]) -> TypeGuard[Colour]:
    return not isinstance(value, int) and len(value) == 3 and all(isinstance(part, int) for part in value)


def is_by_colour(value: int | tuple[Value, ...]) -> bool:
    """Return whether what stands for a class is a colour, or several."""
    return not isinstance(value, int) and bool(value) and (_is_colour(value) or all(map(_is_colour, value)))


def _listed(value: int | tuple[Value, ...], *, colours: bool) -> tuple[Value, ...]:
    if isinstance(value, int):
        return (value,)
    return (value,) if colours and _is_colour(value) else tuple(value)


def _add(table: dict[int, int], value: Value, label: int, names: tuple[str, ...], where: str, *, colours: bool) -> None:
    code = _code(value, where, colours=colours)
    if code in table:
        taken = "ignored" if table[code] == IGNORE else f"{names[table[code]]!r}"
        raise DataError(f"{where}: {value} is {taken} already; a value stands for one thing")
    table[code] = label


def _code(value: Value, where: str, *, colours: bool) -> int:
    if colours:
        red, green, blue = value if not isinstance(value, int) else (value,) * 3
        if not all(0 <= part <= 255 for part in (red, green, blue)):
            raise DataError(f"{where}: {value} is no colour; it has red, green and blue of 0..255")
        return red << 16 | green << 8 | blue
    if not isinstance(value, int) or not 0 <= value <= MAX_VALUE:
        raise DataError(f"{where}: {value} is no value of a mask; values are 0..{MAX_VALUE}, or all are [r, g, b]")
    return value

"""Boxes that are stated as fractions of the image's sides where their format has pixels."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from visionft.data.listing import Entry
from visionft.data.naming import counted
from visionft.data.raw_boxes import Coding, RawBox, RawBoxes, raw_boxes_of
from visionft.data.records import Problem


def read_fractions(entries: Sequence[Entry], where: str, problems: list[Problem]) -> tuple[Entry, ...]:
    """Return entries whose boxes are fractions if all of them only make sense as such, else the same entries.

    Pixels cannot be meant where no number of any box is above 1, and some are no whole numbers.

    Args:
        entries: with boxes as their format has them.
        where: whose, for the message.
        problems: grows by what was concluded.
    """
    boxes = [box for box in raw_boxes_of(entry.target for entry in entries) if box.numbers]
    numbers = [number for box in boxes for number in _numbers(box)]
    if not numbers or not all(isfinite(one) and 0 <= one <= 1 for one in numbers):
        return tuple(entries)
    if all(number == round(number) for number in numbers):
        return tuple(entries)
    what = f"{counted(len(boxes), 'box has', 'boxes have')} no number above 1, such as {boxes[0]}"
    problems.append(Problem(where, f"{what}; they are read as fractions of the image's width and height"))
    return tuple(replace(one, target=_as_fractions(one.target)) for one in entries)


def _numbers(box: RawBox) -> Iterable[float]:
    yield from box.numbers
    for ring in box.polygon.rings:
        yield from np.frombuffer(ring, np.float32).tolist()


def _as_fractions(target: object) -> RawBoxes:
    assert isinstance(target, RawBoxes)  # noqa: S101  # of formats of boxes
    boxes = tuple(_centred(box, target.coding) if len(box.numbers) == 4 else box for box in target.boxes)
    return replace(target, coding="fractions", boxes=boxes)


def _centred(box: RawBox, coding: Coding) -> RawBox:
    """Return a box by its centre and sides; in messages it stays as it is written."""
    left, top, three, four = box.numbers
    width, height = (three, four) if coding == "xywh" else (three - left, four - top)
    return box._replace(numbers=(left + width / 2, top + height / 2, width, height), raw=str(box).removeprefix("box "))

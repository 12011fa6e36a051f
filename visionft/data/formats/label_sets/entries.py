"""From what lines and records say of images to the entries of a listing."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from visionft.data.listing import Entry
from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.data.splits import Split
from visionft.data.targets.label_set import RawLabelSet


class RawRecord(NamedTuple):
    """What one line or record says of an image.

    Attributes:
        id: the image's relative path with forward slashes.
        path: where it should be.
        labels: its labels, each once.
        split: the part of the data it is put into; None where nothing is said.
        where: file and line, for messages.
    """

    id: str
    path: Path
    labels: tuple[str, ...]
    split: Split | None
    where: str


def entries_of(stated: Iterable[RawRecord], problems: list[Problem]) -> tuple[Entry, ...]:
    """Make an entry of each image; of one that is listed again, the labels of all lines count.

    Args:
        stated: by line.
        problems: grows by images that are listed again.
    """
    firsts: dict[str, RawRecord] = {}
    labels: dict[str, dict[str, None]] = {}
    again: list[str] = []
    for one in stated:
        first = firsts.setdefault(one.id, one)
        labels.setdefault(one.id, {}).update(dict.fromkeys(one.labels))
        if first is not one:
            again.append(one.id)
        if first.split != one.split:
            what = f"{one.id} is listed again, in another split; what the first line says counts"
            problems.append(Problem(one.where, what))
    if again:
        several = list(dict.fromkeys(again))
        images = counted(len(several), "image is", "images are")
        what = f"{images} listed several times; the labels of all lines count: {some(several)}"
        problems.append(Problem("labels", what))
    return tuple(Entry(one.id, one.path, RawLabelSet(tuple(labels[one.id])), one.split) for one in firsts.values())

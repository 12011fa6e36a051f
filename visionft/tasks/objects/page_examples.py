"""An image of the page of a detector, and how its mistakes read. Shape suffixes: H height, W width, 3 colours (RGB)."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.object_mask import ObjectMask
from visionft.data.targets.boxes import Boxes
from visionft.report.wording import percent
from visionft.tasks.objects.mistakes import MISTAKES, Detected, ImageMatch, Mistake


class Words(NamedTuple):
    """How a kind of mistake reads: its name, what it means, and what follows a number of them."""

    name: str
    meaning: str
    counted: str


WORDS: Mapping[Mistake, Words] = {
    "class": Words("Wrong class", "an object is there, but of another class", "of the wrong class"),
    "overlap": Words(
        "Poor overlap", "an object is near, but box and object share too little (IoU below 0.5)", "with poor overlap"
    ),
    "duplicate": Words("Duplicate", "a more confident detection has found the object already", "found twice"),
    "background": Words("Nothing there", "no object is near, or one that nobody labelled", "where nothing is"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxExample:
    """One image with its objects and what was detected.

    Attributes:
        id: the sample's id.
        rank: its place among all measured images, from 1, which is the worst.
        image_HW3: uint8 RGB pixels, upright; may be smaller than the original.
        size: (width, height) in pixels of the original, in which the boxes are.
        boxes: the objects.
        match: what was detected.
        masks: the pixels, in the original, of each detection of the match; none where only boxes are known.
    """

    id: str
    rank: int
    image_HW3: NDArray[np.uint8]
    size: tuple[int, int]
    boxes: Boxes
    match: ImageMatch
    masks: tuple[ObjectMask, ...] | None = None

    def mistakes(self) -> str:
        """Return the image's mistakes in words."""
        kinds = Counter(one.mistake for one in self.match.wrong)
        parts = [f"{kinds[kind]} {WORDS[kind].counted}" for kind in MISTAKES if kinds[kind]]
        missed = [f"{len(self.match.missed)} missed"] if self.match.missed else []
        return ", ".join([*missed, *parts]) or "nothing is wrong"


def what_is_there(one: Detected, boxes: Boxes, class_names: Sequence[str]) -> str:
    """Return in a few words what a wrong detection lies on."""
    if one.object is None:
        return "nothing"
    name = class_names[boxes.labels[one.object]]
    match one.mistake:
        case "duplicate":
            return f"{name}, found already"
        case "overlap":  # rounded down: half would be enough
            return f"{name}, overlaps by {percent(math.floor(100 * one.iou) / 100, 0)}"
    return name

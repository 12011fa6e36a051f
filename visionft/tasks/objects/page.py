"""What the report of a detector shows beside what all reports do.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.data.targets.boxes import Boxes
from visionft.report import wording
from visionft.report.headline import Headline
from visionft.tasks.classification.page import Example
from visionft.tasks.objects.metrics import ClassAP, DetectionMetrics
from visionft.tasks.objects.mistakes import MISTAKES, Detected, ImageMatch, Mistake
from visionft.tasks.objects.precision_recall_chart import PrecisionRecallChart, precision_recall_chart
from visionft.tasks.segmentation.page import Colour

if TYPE_CHECKING:
    from visionft.annotations.object_mask import ObjectMask  # importing the report stays cheap
    from visionft.tasks.segmentation.overlays import Picture

_CHARTS = 12
_SIZES = ("small, below 32 × 32 pixels", "medium", "large, above 96 × 96 pixels")


class Words(NamedTuple):
    """How a kind of mistake reads: its name, what it means, and what follows a number of them."""

    name: str
    meaning: str
    counted: str


_WORDS: Mapping[Mistake, Words] = {
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
    masks: "tuple[ObjectMask, ...] | None" = None

    def mistakes(self) -> str:
        """Say what is wrong with it."""
        kinds = Counter(one.mistake for one in self.match.wrong)
        parts = [f"{kinds[kind]} {_WORDS[kind].counted}" for kind in MISTAKES if kinds[kind]]
        missed = [f"{len(self.match.missed)} missed"] if self.match.missed else []
        return ", ".join([*missed, *parts]) or "nothing is wrong"


@dataclass(frozen=True, slots=True)
class Tally:
    """What all detections of an evaluation are.

    Attributes:
        right: detections that find an object.
        wrong: number of detections by kind of mistake.
        missed: objects that nothing found.
    """

    right: int
    wrong: Mapping[Mistake, int]
    missed: int

    @classmethod
    def of(cls, matches: Sequence[ImageMatch]) -> "Tally":
        """Count over all images."""
        kinds = Counter(one.mistake for match in matches for one in match.wrong)
        return cls(
            sum(len(match.right) for match in matches),
            {kind: kinds[kind] for kind in MISTAKES},
            sum(len(match.missed) for match in matches),
        )


@dataclass(frozen=True, slots=True)
class TallyRow:
    """A line of the table of mistakes.

    Attributes:
        name: the kind.
        meaning: what it is, in a few words.
        count: how often it occurs.
        share: of all believed detections or, for what is missed, of all objects; none when there are none.
        bar: the same, of the most frequent kind's number.
    """

    name: str
    meaning: str
    count: int
    share: float | None
    bar: float


@dataclass(frozen=True, slots=True)
class BoxClassRow:
    """A line of the table of classes.

    Attributes:
        name: the class.
        colour: of its boxes, as CSS writes it.
        scores: how well its objects are found.
    """

    name: str
    colour: str
    scores: ClassAP


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionResults:
    """An evaluation of a detector; see ``visionft.report.data.Results``.

    Attributes:
        averages: what ``sizes`` are in.
        masked: whether objects have masks, and scores of these.
        metrics: the numbers.
        palette: colour (RGB, 0..255) of each class.
        tally: what the detections of all images are.
        worst: the images with the most mistakes, that one first.
        others: images to compare them with, by falling number of mistakes.
        mistakes: parts of images with wrong detections, the most confident first.
    """

    template: ClassVar[Path] = Path(__file__).parent / "page.html.j2"
    headline_score: ClassVar[str] = "map50"
    averages: ClassVar[tuple[str, ...]] = ("Mean AP",)
    masked: ClassVar[bool] = False

    metrics: DetectionMetrics
    palette: Sequence[Colour]
    tally: Tally
    worst: tuple[BoxExample, ...] = ()
    others: tuple[BoxExample, ...] = ()
    mistakes: tuple[Example, ...] = ()

    @property
    def n(self) -> int:
        """The number of images that were measured."""
        return self.metrics.n

    @property
    def class_names(self) -> tuple[str, ...]:
        """Text for class 0, 1, ..."""
        return tuple(self.metrics.per_class)

    def pictures(self, example: BoxExample) -> "tuple[Picture, ...]":
        """Return what the page shows of an image."""
        from visionft.tasks.objects.overlays import box_pictures  # OpenCV: importing the page stays cheap

        return box_pictures(example, self.class_names, self.palette)

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        metrics, intervals = self.metrics, self.metrics.intervals
        return (
            Headline.of("Mean AP", "as COCO: mean over IoU 0.50 to 0.95", metrics.map, intervals.get("map")),
            Headline.of("AP50", "boxes that overlap by half (IoU 0.50)", metrics.map50, intervals.get("map50")),
            Headline.of("AP75", "boxes that fit well (IoU 0.75)", metrics.map75, intervals.get("map75")),
            Headline.of("Recall", "share of the objects found", metrics.recall, intervals.get("recall")),
            Headline.of("Precision", "share of right detections", metrics.precision, intervals.get("precision")),
        )

    def classes(self) -> tuple[BoxClassRow, ...]:
        """Return the classes in label order."""
        return tuple(
            BoxClassRow(name, "rgb({} {} {})".format(*colour), scores)
            for (name, scores), colour in zip(self.metrics.per_class.items(), self.palette, strict=True)
        )

    def sizes(self) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
        """Return the averages by the size of objects."""
        values = self.metrics.map_small, self.metrics.map_medium, self.metrics.map_large
        return tuple((name, (value,)) for name, value in zip(_SIZES, values, strict=True))

    def charts(self) -> tuple[PrecisionRecallChart, ...]:
        """Return precision and recall of at most twelve classes, the weakest first."""
        weakest = sorted(self.metrics.per_class.items(), key=lambda item: (item[1].ap50 or 0.0, item[0]))
        drawn = (precision_recall_chart(f"pr-{place}", *item) for place, item in enumerate(weakest))
        return tuple(chart for chart in drawn if chart)[:_CHARTS]

    def errors(self) -> tuple[TallyRow, ...]:
        """Return what goes wrong: missed objects, then wrong detections by kind."""
        tally = self.tally
        detections, objects = tally.right + sum(tally.wrong.values()), tally.right + tally.missed
        most = max(1, tally.missed, *tally.wrong.values())
        missed = ("Missed", "an object that no detection finds", tally.missed, objects)
        kinds = ((_WORDS[kind].name, _WORDS[kind].meaning, count, detections) for kind, count in tally.wrong.items())
        return tuple(
            TallyRow(name, meaning, count, count / total if total else None, count / most)
            for name, meaning, count, total in (missed, *kinds)
        )


def what_is_there(one: Detected, boxes: Boxes, class_names: Sequence[str]) -> str:
    """Say in a few words what a wrong detection lies on."""
    if one.object is None:
        return "nothing"
    name = class_names[boxes.labels[one.object]]
    match one.mistake:
        case "duplicate":
            return f"{name}, found already"
        case "overlap":  # rounded down: half would be enough
            return f"{name}, overlaps by {wording.percent(math.floor(100 * one.iou) / 100, 0)}"
    return name

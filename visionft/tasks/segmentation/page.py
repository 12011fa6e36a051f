"""What the report of a segmentation shows beside what all reports do.

Shape suffixes: H height, W width, 3 colour channels (RGB), K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.report import confusion
from visionft.report.headline import Headline
from visionft.tasks.segmentation.image_counts import ImageCounts
from visionft.tasks.segmentation.metrics import RegionScores, SegmentationMetrics, image_miou

if TYPE_CHECKING:
    from visionft.tasks.segmentation.overlays import Picture

Colour = tuple[int, int, int]

_UNPAINTED: Colour = (0, 0, 0)  # see ``visionft.imaging.paint``


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskExample:
    """One image with its true and its predicted mask.

    Attributes:
        id: the sample's id.
        rank: its place among all measured images, from 1, which is the worst.
        counts: of its pixels.
        image_HW3: uint8 RGB pixels, upright.
        truth_HW: uint8 class indices and ``IGNORE``, of the image's size.
        predicted_HW: uint8 class indices, of the image's size.
    """

    id: str
    rank: int
    counts: ImageCounts
    image_HW3: NDArray[np.uint8]
    truth_HW: NDArray[np.uint8]
    predicted_HW: NDArray[np.uint8]

    @property
    def miou(self) -> float:
        """The mean IoU of its classes."""
        return image_miou(self.counts)

    @property
    def pixels(self) -> int:
        """The number of its pixels that were measured."""
        return int(self.counts.confusion_KK.sum())

    @property
    def wrong(self) -> int:
        """The number of its pixels that are wrong."""
        return self.pixels - int(self.counts.confusion_KK.trace())


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A line of the table of classes.

    Attributes:
        name: the class.
        colour: as CSS writes it; transparent for a class that pictures leave unpainted.
        scores: how well it is told from the others.
        share: its part of all pixels that were measured.
    """

    name: str
    colour: str
    scores: RegionScores
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentationResults:
    """An evaluation of a segmentation; see ``visionft.report.data.Results``.

    Attributes:
        metrics: the numbers.
        palette: colour (RGB, 0..255) of each class.
        worst: the images with the lowest mIoU, that one first.
        others: images to compare them with, by rising mIoU.
    """

    template: ClassVar[Path] = Path(__file__).parent / "page.html.j2"
    headline_score: ClassVar[str] = "miou"

    metrics: SegmentationMetrics
    palette: Sequence[Colour]
    worst: tuple[MaskExample, ...] = ()
    others: tuple[MaskExample, ...] = ()

    @property
    def n(self) -> int:
        """The number of images that were measured."""
        return self.metrics.n

    @property
    def class_names(self) -> tuple[str, ...]:
        """Text for class 0, 1, ..."""
        return tuple(self.metrics.per_class)

    def pictures(self, example: MaskExample) -> "tuple[Picture, ...]":
        """Return what the page shows of an image."""
        from visionft.tasks.segmentation.overlays import mask_pictures  # OpenCV: importing the page stays cheap

        return mask_pictures(example, self.palette)

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        metrics, intervals = self.metrics, self.metrics.intervals
        return (
            Headline.of(
                "Mean IoU", "intersection over union, mean of the classes", metrics.miou, intervals.get("miou")
            ),
            Headline.of("Mean Dice", "pixel F1, mean of the classes", metrics.dice, intervals.get("dice")),
            Headline.of(
                "Pixel accuracy", "share of right pixels", metrics.pixel_accuracy, intervals.get("pixel_accuracy")
            ),
            Headline.of(
                "Boundary F1",
                "outlines within 0.75 % of the diagonal",
                metrics.boundary_f1,
                intervals.get("boundary_f1"),
            ),
        )

    def classes(self) -> tuple[ClassRow, ...]:
        """Return the classes in label order."""
        measured = sum(scores.pixels for scores in self.metrics.per_class.values())
        return tuple(
            ClassRow(name, _css(colour), scores, scores.pixels / measured)
            for (name, scores), colour in zip(self.metrics.per_class.items(), self.palette, strict=True)
        )

    def most_frequent(self) -> ClassRow:
        """Return the class that has the most pixels."""
        return max(self.classes(), key=lambda row: row.share)

    def matrix(self) -> tuple[confusion.Row, ...]:
        """Return the confusion matrix."""
        return confusion.matrix_rows(self.metrics.confusion_KK, self.class_names)

    def pairs(self) -> tuple[confusion.Pair, ...]:
        """Return the pairs of classes that are confused most."""
        return confusion.most_confused(self.metrics.confusion_KK, self.class_names)

    def largest_mistake(self, example: MaskExample) -> confusion.Pair | None:
        """Return the pair of classes that is confused most in an image; none when all of it is right."""
        return next(iter(confusion.most_confused(example.counts.confusion_KK.tolist(), self.class_names)), None)


def _css(colour: Colour) -> str:
    return "transparent" if colour == _UNPAINTED else "rgb({} {} {})".format(*colour)

"""What the page of a segmentation shows beside what all pages do. Shape suffixes: K classes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.data.records import Dataset, Example, Sample
from visionft.data.splits import Split
from visionft.data.targets.mask import Mask
from visionft.imaging import decode
from visionft.imaging.palette import BLACK, Colour
from visionft.report import confusion
from visionft.report.headline import Headline, headlines
from visionft.report.pictures import Picture
from visionft.report.ranking import worst_and_others
from visionft.report.wording import css
from visionft.tasks.segmentation.metrics import RegionScores, SegmentationMetrics, image_miou
from visionft.tasks.segmentation.overlays import draw_mask, mask_legend, mask_pictures, shrink_image, shrink_mask
from visionft.tasks.segmentation.page_examples import MaskExample
from visionft.tasks.view import TaskView

if TYPE_CHECKING:
    from visionft.tasks.segmentation.learning import SegmentationEvaluation  # needs torch


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A line of the table of classes.

    Attributes:
        name: the class.
        colour: as CSS writes it; transparent for a class that pictures leave unpainted.
        scores: how well it is told from the others.
        fraction: its part of all pixels that were measured.
    """

    name: str
    colour: str
    scores: RegionScores
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentationSection:
    """An evaluation of a segmentation; see ``visionft.report.data.PageSection``.

    Attributes:
        metrics: the numbers.
        palette: colour (RGB, 0..255) of each class.
        worst: the images with the lowest mIoU, that one first.
        others: images to compare them with, by rising mIoU.
    """

    template: ClassVar[Path] = Path(__file__).parent / "page.html.j2"

    metrics: SegmentationMetrics
    palette: Sequence[Colour]
    worst: tuple[MaskExample, ...] = ()
    others: tuple[MaskExample, ...] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Text for class 0, 1, ..."""
        return tuple(self.metrics.per_class)

    def pictures(self, example: MaskExample) -> tuple[Picture, ...]:
        """Return what the page shows of an image."""
        return mask_pictures(example, self.palette)

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        return headlines(self.metrics, self.metrics.scores)

    def classes(self) -> tuple[ClassRow, ...]:
        """Return the classes in label order."""
        measured = sum(scores.pixels for scores in self.metrics.per_class.values())
        return tuple(
            ClassRow(name, _css(colour), scores, scores.pixels / measured)
            for (name, scores), colour in zip(self.metrics.per_class.items(), self.palette, strict=True)
        )

    def most_frequent(self) -> ClassRow:
        """Return the class that has the most pixels."""
        return max(self.classes(), key=lambda row: row.fraction)

    def matrix(self) -> tuple[confusion.MatrixRow, ...]:
        """Return the confusion matrix."""
        return confusion.matrix_rows(self.metrics.confusion_KK, self.class_names)

    def pairs(self) -> tuple[confusion.ConfusedPair, ...]:
        """Return the pairs of classes that are confused most."""
        return confusion.most_confused(self.metrics.confusion_KK, self.class_names)

    def largest_mistake(self, example: MaskExample) -> confusion.ConfusedPair | None:
        """Return the pair of classes that is confused most in an image; none when all of it is right."""
        return next(iter(confusion.most_confused(example.counts.confusion_KK.tolist(), self.class_names)), None)


def segmentation_section(
    evaluation: "SegmentationEvaluation", samples: Sequence[Sample], palette: Sequence[Colour]
) -> SegmentationSection:
    """Show the worst images and some to compare them with.

    Args:
        evaluation: in the order of the samples.
        samples: what was evaluated.
        palette: colour (RGB, 0..255) of each class.
    """
    masks = evaluation.masks
    worst_first = sorted(range(len(samples)), key=lambda index: image_miou(masks[index].counts))

    def example(rank: int) -> MaskExample:
        index = worst_first[rank]
        sample, mask = samples[index], masks[index]
        return MaskExample(
            id=sample.id,
            rank=rank + 1,
            counts=mask.counts,
            # at once, because originals of many images may not fit the memory
            image_HW3=shrink_image(decode(sample.image, sample.reading)),
            target_HW=shrink_mask(Mask.of(sample).source.read()),
            predicted_HW=shrink_mask(mask.labels()),
        )

    worst, others = worst_and_others(len(samples))
    return SegmentationSection(
        metrics=evaluation.metrics,
        palette=palette,
        worst=tuple(map(example, worst)),
        others=tuple(map(example, others)),
    )


def _css(colour: Colour) -> str:
    return "transparent" if colour == BLACK else css(colour)


class SegmentationView(TaskView):
    """Metrics and the worst images; images are shown with their mask."""

    @classmethod
    def section(cls, evaluation: "SegmentationEvaluation", dataset: Dataset, split: Split) -> SegmentationSection:
        """Return what the page shows; see the base class."""
        return segmentation_section(evaluation, dataset.split(split), cls.palette(dataset))

    @classmethod
    def draw(cls, example: Example, palette: tuple[Colour, ...], long_side: int) -> NDArray[np.uint8]:
        """Return the canvas with its mask; see the base class."""
        return draw_mask(example, palette, long_side)

    @classmethod
    def legend(
        cls, examples: Iterable[Example], class_names: tuple[str, ...], palette: tuple[Colour, ...]
    ) -> list[tuple[str, Colour]]:
        """Return the classes that occur in masks, with their colours."""
        return mask_legend(examples, class_names, palette)

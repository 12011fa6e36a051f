"""What the house must know of semantic segmentation."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.metrics.score import Score
from visionft.sample import Dataset, Example, Split
from visionft.tasks.base import TaskDefinition

if TYPE_CHECKING:
    from visionft.imaging.palette import Colour
    from visionft.report import PageSection
    from visionft.tasks.segmentation.learning import SegmentationEvaluation


class SegmentationTask(TaskDefinition):
    """One class for each pixel."""

    kind: ClassVar[str] = "segmentation"
    learner: ClassVar[str] = "visionft.tasks.segmentation.learning:Segmentation"
    counted: ClassVar[str] = "pixel"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("miou", "mean IoU", "intersection over union, mean of the classes"),
        Score("dice", "mean Dice", "pixel F1, mean of the classes"),
        Score("pixel_accuracy", "pixel accuracy", "share of right pixels"),
        Score("boundary_f1", "boundary F1", "outlines within 0.75 % of the diagonal"),
    )
    selections: ClassVar[tuple[str, ...]] = ("loss", "miou", "dice", "pixel_accuracy", "last")
    default_recipe: ClassVar[str | None] = "segmentation"

    @classmethod
    def page(cls, evaluation: "SegmentationEvaluation", dataset: Dataset, split: Split) -> "PageSection":
        """Return metrics and the worst images; see the base class."""
        from visionft.tasks.segmentation.page import segmentation_section  # OpenCV: importing this stays cheap

        return segmentation_section(evaluation, dataset.split(split), cls.palette(dataset))

    @classmethod
    def draw(cls, example: Example, palette: "tuple[Colour, ...]", long_side: int) -> NDArray[np.uint8]:
        """Return the canvas with its mask; see the base class."""
        from visionft.tasks.segmentation.overlays import draw_mask

        return draw_mask(example, palette, long_side)

    @classmethod
    def legend(
        cls, examples: Iterable[Example], class_names: tuple[str, ...], palette: "tuple[Colour, ...]"
    ) -> "list[tuple[str, Colour]]":
        """Return the classes that occur in masks, with their colours."""
        from visionft.tasks.segmentation.overlays import mask_legend

        return mask_legend(examples, class_names, palette)

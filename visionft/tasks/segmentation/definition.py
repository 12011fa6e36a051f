"""What the house must know of semantic segmentation."""

from typing import ClassVar

from visionft.tasks.base import Score, TaskDefinition


class SegmentationTask(TaskDefinition):
    """One class for each pixel."""

    kind: ClassVar[str] = "segmentation"
    learner: ClassVar[str] = "visionft.tasks.segmentation.learning:Segmentation"
    counted: ClassVar[str] = "pixel"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("miou", "mean IoU"),
        Score("dice", "mean Dice"),
        Score("pixel_accuracy", "pixel accuracy"),
        Score("boundary_f1", "boundary F1"),
    )
    selections: ClassVar[tuple[str, ...]] = ("loss", "miou", "dice", "pixel_accuracy", "last")
    default_recipe: ClassVar[str | None] = "segmentation"

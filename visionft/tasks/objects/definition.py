"""What the house must know of tasks that find objects."""

from typing import ClassVar

from visionft.tasks.base import Score, TaskDefinition

BOX_SCORES = (
    Score("map", "mean AP"),
    Score("map50", "mean AP50"),
    Score("map75", "mean AP75"),
    Score("precision", "precision"),
    Score("recall", "recall"),
)


class ObjectTask(TaskDefinition):
    """Objects with a box, a class and a score."""

    counted: ClassVar[str] = "object"
    mixing: ClassVar[tuple[str, ...]] = ("mosaic", "mixup")

"""What the house must know of tasks that find objects."""

from typing import ClassVar

from visionft.results import Output
from visionft.tasks.base import Score, TaskDefinition

BOX_SCORES = (
    Score("map", "mean AP"),
    Score("map50", "mean AP50"),
    Score("map75", "mean AP75"),
    Score("precision", "precision"),
    Score("recall", "recall"),
)

BOX_OUTPUTS = (
    Output("boxes", "float32", ("rows", 4)),
    Output("scores", "float32", ("rows",)),
    Output("labels", "int64", ("rows",)),
    Output("count", "int64"),
)
"""Detections by falling score, boxes (left, top, right, bottom) in pixels of the canvas.

Rows from ``count`` on are zero.
"""


class ObjectTask(TaskDefinition):
    """Objects with a box, a class and a score."""

    counted: ClassVar[str] = "object"
    mixing: ClassVar[tuple[str, ...]] = ("mosaic", "mixup")
    takes_threshold: ClassVar[bool] = True

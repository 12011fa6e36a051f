"""What the house must know of tasks that find objects."""

from typing import ClassVar

from visionft.metrics.score import Score
from visionft.results import Output
from visionft.tasks.base import TaskDefinition

BOX_SCORES = (
    Score("map", "mean AP", "mean over IoU 0.50 to 0.95, of all detections"),
    Score("map50", "mean AP50", "boxes that overlap by half (IoU 0.50)", headline="AP50"),
    Score("map75", "mean AP75", "boxes that fit well (IoU 0.75)", headline="AP75"),
    Score("map_100", "mean AP at 100", "COCO's: of the 100 best detections of an image and class"),
    Score("precision", "precision", "fraction of right detections"),
    Score("recall", "recall", "fraction of the objects found"),
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

    probe: ClassVar[str] = "visionft.tasks.objects.probing:ObjectProbe"
    browser: ClassVar[str] = "visionft.tasks.objects:browser.js"
    mixing: ClassVar[tuple[str, ...]] = ("mosaic", "mixup")
    takes_windows: ClassVar[bool] = True
    takes_threshold: ClassVar[bool] = True

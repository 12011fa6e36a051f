"""What the house must know of tasks that find objects."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.metrics.score import Score
from visionft.sample import Dataset, Example
from visionft.tasks.base import TaskDefinition

if TYPE_CHECKING:
    from visionft.imaging.palette import Colour

BOX_SCORES = (
    Score("map", "mean AP", "as COCO: mean over IoU 0.50 to 0.95"),
    Score("map50", "mean AP50", "boxes that overlap by half (IoU 0.50)", headline="AP50"),
    Score("map75", "mean AP75", "boxes that fit well (IoU 0.75)", headline="AP75"),
    Score("precision", "precision", "share of right detections"),
    Score("recall", "recall", "share of the objects found"),
)


class ObjectTask(TaskDefinition):
    """Objects with a box, a class and a score."""

    counted: ClassVar[str] = "object"
    mixing: ClassVar[tuple[str, ...]] = ("mosaic", "mixup")
    augmentation_note: ClassVar[str] = (
        "objects of which too little is left are neither learned nor held against the model (grey)"
    )

    @classmethod
    def palette(cls, dataset: Dataset) -> "tuple[Colour, ...]":
        """Return colours that show on lines, so that none is black unless the data's own are."""
        from visionft.imaging import line_palette  # OpenCV: importing a definition stays cheap

        return dataset.palette or line_palette(len(dataset.class_names))

    @classmethod
    def draw(cls, example: Example, palette: "tuple[Colour, ...]", long_side: int) -> NDArray[np.uint8]:
        """Return the canvas with its boxes and, where they are known, the pixels of its objects; see the base class."""
        from visionft.tasks.objects.overlays import draw_objects

        return draw_objects(example, palette, long_side)

    @classmethod
    def legend(
        cls, examples: Iterable[Example], class_names: tuple[str, ...], palette: "tuple[Colour, ...]"
    ) -> "list[tuple[str, Colour]]":
        """Return the classes of objects, with their colours, and that of objects that are left out."""
        from visionft.tasks.objects.overlays import object_legend

        return object_legend(examples, class_names, palette)

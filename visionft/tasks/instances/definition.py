"""What the house must know of instance segmentation."""

from typing import ClassVar

from visionft.tasks.base import Score
from visionft.tasks.objects.definition import BOX_SCORES, ObjectTask


class InstanceSegmentationTask(ObjectTask):
    """Boxes with a class, a score and the pixels of each object."""

    kind: ClassVar[str] = "instance_segmentation"
    learner: ClassVar[str] = "visionft.tasks.instances.learning:InstanceSegmentation"
    scores: ClassVar[tuple[Score, ...]] = (
        Score("mask_map", "mean mask AP"),
        Score("mask_map50", "mean mask AP50"),
        Score("mask_map75", "mean mask AP75"),
        *BOX_SCORES,
    )
    selections: ClassVar[tuple[str, ...]] = (
        *("mask_map", "mask_map50", "mask_map75"),
        *("map", "map50", "map75"),
        "last",
    )
    default_recipe: ClassVar[str | None] = "instance_segmentation"

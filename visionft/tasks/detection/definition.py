"""What the house must know of object detection."""

from typing import ClassVar

from visionft.tasks.base import Score
from visionft.tasks.objects.definition import BOX_SCORES, ObjectTask


class DetectionTask(ObjectTask):
    """Boxes with a class and a score."""

    kind: ClassVar[str] = "detection"
    learner: ClassVar[str] = "visionft.tasks.detection.learning:Detection"
    scores: ClassVar[tuple[Score, ...]] = BOX_SCORES
    selections: ClassVar[tuple[str, ...]] = ("map", "map50", "map75", "last")
    default_recipe: ClassVar[str | None] = "detection"

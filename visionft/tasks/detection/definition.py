"""What the house must know of object detection."""

from typing import TYPE_CHECKING, ClassVar

from visionft.metrics.score import Score
from visionft.sample import Dataset, Split
from visionft.tasks.objects.definition import BOX_SCORES, ObjectTask

if TYPE_CHECKING:
    from visionft.report import PageSection
    from visionft.tasks.detection.learning import DetectionEvaluation


class DetectionTask(ObjectTask):
    """Boxes with a class and a score."""

    kind: ClassVar[str] = "detection"
    learner: ClassVar[str] = "visionft.tasks.detection.learning:Detection"
    scores: ClassVar[tuple[Score, ...]] = BOX_SCORES
    selections: ClassVar[tuple[str, ...]] = ("map", "map50", "map75", "last")
    default_recipe: ClassVar[str | None] = "detection"

    @classmethod
    def page(cls, evaluation: "DetectionEvaluation", dataset: Dataset, split: Split) -> "PageSection":
        """Return metrics, mistakes by kind, and the worst images; see the base class."""
        from visionft.tasks.objects.page import DetectionSection, object_section  # OpenCV: importing this stays cheap

        samples, palette = dataset.split(split), cls.palette(dataset)
        return object_section(DetectionSection, evaluation.metrics, evaluation.detections, samples, palette)

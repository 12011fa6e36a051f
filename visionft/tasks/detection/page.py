"""What the page of a detector shows."""

from typing import TYPE_CHECKING

from visionft.data.records import Dataset
from visionft.data.splits import Split
from visionft.tasks.objects.page import DetectionSection, ObjectView, object_section

if TYPE_CHECKING:
    from visionft.tasks.detection.learning import DetectionEvaluation  # needs torch


class DetectionView(ObjectView):
    """Metrics, mistakes by kind, and the worst images."""

    @classmethod
    def section(cls, evaluation: "DetectionEvaluation", dataset: Dataset, split: Split) -> DetectionSection:
        """Return what the page shows; see the base class."""
        samples, palette = dataset.split(split), cls.palette(dataset)
        return object_section(DetectionSection, evaluation.metrics, evaluation.detections, samples, palette)

"""What the page of an instance segmentation shows beside what that of a detector does."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from visionft.data.records import Dataset
from visionft.data.splits import Split
from visionft.tasks.instances.metrics import InstanceMetrics
from visionft.tasks.objects.page import DetectionSection, ObjectView, object_section

if TYPE_CHECKING:
    from visionft.tasks.instances.learning import InstanceEvaluation  # needs torch


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSection(DetectionSection):
    """An evaluation of a detector whose objects have masks; mistakes, thresholds and curves are those of boxes."""

    top: ClassVar[tuple[str, ...]] = ("mask_map", "mask_map50", "mask_map75", "map", "recall", "precision")
    averages: ClassVar[tuple[str, ...]] = ("Mask AP", "Box AP")
    masked: ClassVar[bool] = True

    metrics: InstanceMetrics

    def sizes(self) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
        """Return the averages by the size of objects: of their pixels for masks, of the box for boxes."""
        metrics = self.metrics
        masks = metrics.mask_map_small, metrics.mask_map_medium, metrics.mask_map_large
        # slots make another class of this one, of which super() knows nothing
        rows = zip(DetectionSection.sizes(self), masks, strict=True)
        return tuple((name, (mask, *boxes)) for (name, boxes), mask in rows)


class InstanceView(ObjectView):
    """Metrics, mistakes by kind, and the worst images."""

    @classmethod
    def section(cls, evaluation: "InstanceEvaluation", dataset: Dataset, split: Split) -> InstanceSection:
        """Return what the page shows; see the base class."""
        samples, palette = dataset.split(split), cls.palette(dataset)
        return object_section(
            InstanceSection, evaluation.metrics, evaluation.detections, samples, palette, evaluation.masks
        )

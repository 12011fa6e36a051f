"""What the page of an instance segmentation shows beside what that of a detector does."""

from dataclasses import dataclass
from typing import ClassVar

from visionft.tasks.instances.metrics import InstanceMetrics
from visionft.tasks.objects.page import DetectionSection, ObjectView


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
    """What is shown of a detector, and the pixels of its objects."""

    shown: ClassVar[type[DetectionSection]] = InstanceSection

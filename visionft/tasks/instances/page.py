"""What the report of an instance segmentation shows beside what that of a detector does."""

from dataclasses import dataclass
from typing import ClassVar

from visionft.report.headline import Headline
from visionft.tasks.instances.metrics import InstanceMetrics
from visionft.tasks.objects.page import DetectionResults


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceResults(DetectionResults):
    """An evaluation of a detector whose objects have masks; mistakes, thresholds and curves are those of boxes."""

    headline_score: ClassVar[str] = "mask_map50"
    averages: ClassVar[tuple[str, ...]] = ("Mask AP", "Box AP")
    masked: ClassVar[bool] = True

    metrics: InstanceMetrics

    def headlines(self) -> tuple[Headline, ...]:
        """Return the numbers for the top of the page."""
        metrics, intervals = self.metrics, self.metrics.intervals
        return (
            Headline.of(
                "Mean mask AP", "as COCO: mean over IoU 0.50 to 0.95", metrics.mask_map, intervals.get("mask_map")
            ),
            Headline.of(
                "Mask AP50", "masks that overlap by half (IoU 0.50)", metrics.mask_map50, intervals.get("mask_map50")
            ),
            Headline.of("Mask AP75", "masks that fit well (IoU 0.75)", metrics.mask_map75, intervals.get("mask_map75")),
            Headline.of("Mean box AP", "the same of the boxes", metrics.map, intervals.get("map")),
            Headline.of("Recall", "share of the objects found", metrics.recall, intervals.get("recall")),
            Headline.of("Precision", "share of right detections", metrics.precision, intervals.get("precision")),
        )

    def sizes(self) -> tuple[tuple[str, tuple[float | None, ...]], ...]:
        """Return the averages by the size of objects: of their pixels for masks, of the box for boxes."""
        metrics = self.metrics
        masks = metrics.mask_map_small, metrics.mask_map_medium, metrics.mask_map_large
        # slots make another class of this one, of which super() knows nothing
        rows = zip(DetectionResults.sizes(self), masks, strict=True)
        return tuple((name, (mask, *boxes)) for (name, boxes), mask in rows)

"""How good predictions are, with how far the numbers can be trusted. Importing this loads no torch."""

from visionft.metrics.bootstrap import Interval
from visionft.metrics.calibration import ReliabilityBin
from visionft.metrics.classification import (
    ClassificationMetrics,
    ClassScores,
    classification_metrics,
    quick_metrics,
)
from visionft.metrics.image_counts import ImageCounts, count_confusion, count_image
from visionft.metrics.segmentation import (
    RegionScores,
    SegmentationMetrics,
    image_miou,
    quick_segmentation,
    segmentation_metrics,
)

__all__ = [
    "ClassScores",
    "ClassificationMetrics",
    "ImageCounts",
    "Interval",
    "RegionScores",
    "ReliabilityBin",
    "SegmentationMetrics",
    "classification_metrics",
    "count_confusion",
    "count_image",
    "image_miou",
    "quick_metrics",
    "quick_segmentation",
    "segmentation_metrics",
]

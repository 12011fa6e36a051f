"""How good predictions are, with how far the numbers can be trusted. Importing this loads no torch."""

from visionft.metrics.bootstrap import Interval
from visionft.metrics.box_errors import MISTAKES, Detected, ImageMatch, Mistake, match_image
from visionft.metrics.calibration import ReliabilityBin
from visionft.metrics.classification import (
    ClassificationMetrics,
    ClassScores,
    classification_metrics,
    quick_metrics,
)
from visionft.metrics.detection import (
    ClassAP,
    CurvePoint,
    DetectionMetrics,
    best_thresholds,
    detection_metrics,
    quick_detection,
)
from visionft.metrics.image_counts import ImageCounts, count_confusion, count_image
from visionft.metrics.instances import InstanceAP, InstanceMetrics, instance_metrics, quick_instances
from visionft.metrics.segmentation import (
    RegionScores,
    SegmentationMetrics,
    image_miou,
    quick_segmentation,
    segmentation_metrics,
)

__all__ = [
    "MISTAKES",
    "ClassAP",
    "ClassScores",
    "ClassificationMetrics",
    "CurvePoint",
    "Detected",
    "DetectionMetrics",
    "ImageCounts",
    "ImageMatch",
    "InstanceAP",
    "InstanceMetrics",
    "Interval",
    "Mistake",
    "RegionScores",
    "ReliabilityBin",
    "SegmentationMetrics",
    "best_thresholds",
    "classification_metrics",
    "count_confusion",
    "count_image",
    "detection_metrics",
    "image_miou",
    "instance_metrics",
    "match_image",
    "quick_detection",
    "quick_instances",
    "quick_metrics",
    "quick_segmentation",
    "segmentation_metrics",
]

"""How good predictions are, with how far the numbers can be trusted. Importing this loads no torch."""

from visionft.metrics.bootstrap import Interval
from visionft.metrics.calibration import ReliabilityBin
from visionft.metrics.classification import (
    ClassificationMetrics,
    ClassScores,
    classification_metrics,
    quick_metrics,
)

__all__ = [
    "ClassScores",
    "ClassificationMetrics",
    "Interval",
    "ReliabilityBin",
    "classification_metrics",
    "quick_metrics",
]

"""How far numbers can be trusted, and what the metrics of several tasks share. Importing this loads no torch."""

from visionft.metrics.bootstrap import Interval
from visionft.metrics.calibration import ReliabilityBin
from visionft.metrics.score import Metrics, Score, in_words

__all__ = ["Interval", "Metrics", "ReliabilityBin", "Score", "in_words"]

"""The page a person looks at after a run: one HTML file that needs nothing else. Importing this is cheap."""

from visionft.report.classification import ClassificationResults, Example
from visionft.report.data import AugmentationFacts, DatasetFacts, ModelFacts, ReportData, Results, SeenImage, StageFacts
from visionft.report.detection import BoxExample, DetectionResults, Tally
from visionft.report.instances import InstanceResults
from visionft.report.render import render_report, write_report
from visionft.report.segmentation import MaskExample, SegmentationResults

__all__ = [
    "AugmentationFacts",
    "BoxExample",
    "ClassificationResults",
    "DatasetFacts",
    "DetectionResults",
    "Example",
    "InstanceResults",
    "MaskExample",
    "ModelFacts",
    "ReportData",
    "Results",
    "SeenImage",
    "SegmentationResults",
    "StageFacts",
    "Tally",
    "render_report",
    "write_report",
]

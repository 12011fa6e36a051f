"""The page a person looks at after a run: one HTML file that needs nothing else. Importing this is cheap."""

from visionft.report.data import (
    AugmentationFacts,
    DatasetFacts,
    ModelFacts,
    PageSection,
    PredictedPicture,
    ReportData,
    SeenImage,
    StageFacts,
)
from visionft.report.render import render_report, write_report

__all__ = [
    "AugmentationFacts",
    "DatasetFacts",
    "ModelFacts",
    "PageSection",
    "PredictedPicture",
    "ReportData",
    "SeenImage",
    "StageFacts",
    "render_report",
    "write_report",
]

"""The page a person looks at after a run: one HTML file that needs nothing else. Importing this is cheap."""

from visionft.report.data import DatasetFacts, Example, ModelFacts, ReportData, StageFacts
from visionft.report.render import render_report, write_report

__all__ = [
    "DatasetFacts",
    "Example",
    "ModelFacts",
    "ReportData",
    "StageFacts",
    "render_report",
    "write_report",
]

"""Trackers by name: where the curves of a run go beside its own folder. Importing this is cheap."""

from visionft.catalog import Catalog

TRACKERS = Catalog("tracker", {"csv": "visionft.tracking.csv_file:CsvTracker"}, "visionft.trackers")

__all__ = ["TRACKERS"]

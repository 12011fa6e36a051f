"""Exported files, each measured against its network before it gets its name.

Runtimes by name: a new one is a file with an ``Exporter`` (see ``gate.py``) and an entry here.
"""

from visionft.catalog import Catalog

RUNTIMES = Catalog("runtime", {"onnx": "visionft.export.onnx:OnnxExporter"}, "visionft.runtimes")

__all__ = ["RUNTIMES"]

"""Labelled images: formats that find them, one check of all of them, splits, and batches for training.

``visionft.data.dataset`` reads a data set, ``visionft.data.loader`` (which needs torch) makes batches of it.
"""

from visionft.catalog import Catalog

FORMATS = Catalog(
    "data format",
    {
        "elpv": "visionft.data.elpv:Elpv",
        "folder": "visionft.data.folder:Folder",
        "manifest": "visionft.data.manifest:Manifest",
    },
    "visionft.data_formats",
)

__all__ = ["FORMATS"]

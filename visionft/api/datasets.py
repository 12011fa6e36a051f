"""What users call a data set: images and labels that stand wherever the path of data does."""

from visionft.data.source import DataSource as Dataset

__all__ = ["Dataset"]

"""Data sets of objects in the formats that other tools read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from visionft.data.records import Dataset, Problem
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons
from visionft.data.writers.convert import Pictures, write_coco, write_voc, write_yolo


@dataclass(frozen=True, slots=True)
class DataWriter:
    """A format to write.

    Attributes:
        write: writes a data set into a folder, and returns what the format cannot hold.
        targets: what it can say, the most first, and last what the samples must have at least.
    """

    write: Callable[[Dataset, Path, Pictures], list[Problem]]
    targets: tuple[type[Target], ...]


WRITERS: Mapping[str, DataWriter] = MappingProxyType(
    {
        "coco": DataWriter(write_coco, (Polygons, Boxes)),
        "voc": DataWriter(write_voc, (Boxes,)),
        "yolo": DataWriter(write_yolo, (Polygons, Boxes)),
    }
)
"""Format -> what writes it."""

__all__ = ["WRITERS", "DataWriter"]

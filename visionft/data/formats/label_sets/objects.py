"""The classes of an image's objects as labels of the whole image: other formats, read for another target."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from visionft.data.formats.coco.boxes import CocoBoxes
from visionft.data.formats.voc.reader import Voc
from visionft.data.formats.yolo.reader import Yolo
from visionft.data.listing import DataFormat, Listing
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label_set import LabelSet
from visionft.data.targets.raw import OpenedImage, RawTarget, Resolved


@dataclass(frozen=True, slots=True)
class RawClassesOfBoxes:
    """The objects of an image, of which only the classes are wanted.

    Attributes:
        boxes: becomes ``Boxes``.
    """

    boxes: RawTarget

    @property
    def stratum(self) -> None:
        """None: an image may have several classes."""
        return

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:
        """Return the classes of the objects that can be used, crowds and difficult ones included.

        Raises:
            DataError: when nobody can tell what the objects are.
        """
        resolved = self.boxes.resolve(image, class_names)
        boxes = resolved.target
        if not isinstance(boxes, Boxes):
            raise TypeError(f"boxes are needed, and no {type(boxes).__name__}")
        # what is ignored has no class of its own
        indices = tuple(sorted({label for label in boxes.labels if label >= 0}))
        return Resolved(LabelSet(indices, len(class_names)), resolved.findings)


class _ClassesOfBoxes(DataFormat):
    """Another format's classes of boxes, in its order; images without objects have no label.

    Attributes:
        boxes: that format.
    """

    boxes: ClassVar[type[DataFormat]]
    target: ClassVar[type[Target]] = LabelSet

    def read(self, path: Path | None) -> Listing:
        """List the images as that format does.

        Raises:
            DataError: when there is nothing of that format.
        """
        listing = self.boxes(self._options).read(path)
        entries = tuple(replace(entry, target=RawClassesOfBoxes(entry.target)) for entry in listing.entries)
        return replace(listing, entries=entries, target=LabelSet)


class CocoLabels(_ClassesOfBoxes):
    """The categories of the objects of COCO annotations; see ``coco``."""

    kind: ClassVar[str] = "coco_labels"
    boxes: ClassVar[type[DataFormat]] = CocoBoxes
    takes: ClassVar[tuple[str, ...]] = CocoBoxes.takes


class VocLabels(_ClassesOfBoxes):
    """The names of the objects of Pascal VOC's XML files; see ``voc``."""

    kind: ClassVar[str] = "voc_labels"
    boxes: ClassVar[type[DataFormat]] = Voc
    takes: ClassVar[tuple[str, ...]] = Voc.takes


class YoloLabels(_ClassesOfBoxes):
    """The classes of the objects of YOLO's text files; see ``yolo``."""

    kind: ClassVar[str] = "yolo_labels"
    boxes: ClassVar[type[DataFormat]] = Yolo
    takes: ClassVar[tuple[str, ...]] = Yolo.takes

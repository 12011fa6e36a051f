"""Objects with a box and a class.

Shape suffixes: B batch, N objects, H height, W width; 4 left, top, right, bottom; 5 these and the class.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import CROWD, PADDING
from visionft.annotations.moving import MIN_VISIBILITY, clip_boxes, move_boxes
from visionft.annotations.polygons import Polygon
from visionft.annotations.remapping import Remap, remap_objects
from visionft.augment_params import Box
from visionft.data.records import Dataset, Problem
from visionft.data.targets.base import CanvasTarget, Target, concatenate
from visionft.data.targets.box_checks import find_box_problems

if TYPE_CHECKING:
    from torch import Tensor

    from visionft.batch import InstanceTargets
    from visionft.data.listing import LabelOptions
    from visionft.data.targets.raw import RawTargets

NO_BOX = (0, 0, 0, 0, PADDING)
"""A row that fills up to the fullest image of a batch."""


@dataclass(frozen=True, slots=True, eq=False)
class CanvasBoxes(CanvasTarget):
    """The objects of a canvas, of which those that show too little are crowds.

    Attributes:
        boxes_N5: float32 (left, top, right, bottom, class or ``CROWD``) in pixels, half-open and inside the canvas.
    """

    mirrors: ClassVar[bool] = False  # an object would appear twice, once without a box

    boxes_N5: NDArray[np.float32]

    @classmethod
    def collate(
        cls,
        items: Sequence[Self],
        pixels_BHW: "Tensor | None" = None,
    ) -> "Tensor | InstanceTargets":
        """Return boxes_BN5, in which rows of ``PADDING`` fill up to the fullest image."""
        import torch

        return torch.from_numpy(pad_boxes(items))

    def moved(self, matrix: NDArray[np.float64], size: tuple[int, int]) -> Self:
        """Move and cut the objects by the rule of ``annotations.moving.move_objects``."""
        return replace(self, boxes_N5=clip_boxes(move_boxes(self.boxes_N5, matrix), size))

    def remapped(self, remap: Remap, size: tuple[int, int]) -> Self:
        """Move and cut the objects by ``remap_objects``."""
        return replace(self, boxes_N5=remap_objects(self.boxes_N5, None, remap, size)[0])

    def erased(self, boxes: Sequence[Box], size: tuple[int, int]) -> Self:
        """Make crowds of the objects that the boxes leave too little of, measured in their boxes."""
        erased_HW = np.zeros((size[1], size[0]), np.uint8)
        for left, top, right, bottom in boxes:
            erased_HW[top:bottom, left:right] = 1
        count_HW = cv2.integral(erased_HW)
        left_N, top_N = np.floor(self.boxes_N5[:, :2]).astype(int).T
        right_N, bottom_N = np.ceil(self.boxes_N5[:, 2:4]).astype(int).T
        hidden_N = count_HW[bottom_N, right_N] - count_HW[top_N, right_N]
        hidden_N += count_HW[top_N, left_N] - count_HW[bottom_N, left_N]
        boxes_N5 = self.boxes_N5.copy()
        boxes_N5[hidden_N > (1 - MIN_VISIBILITY) * (right_N - left_N) * (bottom_N - top_N), 4] = CROWD
        return replace(self, boxes_N5=boxes_N5)

    def shifted(self, x: int, y: int) -> Self:
        """Move the objects right and down."""
        return replace(self, boxes_N5=self.boxes_N5 + np.array([x, y, x, y, 0], np.float32))

    def joined(self, others: Sequence[Self]) -> Self:
        """Return the objects of several canvases on one."""
        return replace(self, boxes_N5=np.vstack([item.boxes_N5 for item in (self, *others)]))

    @property
    def nbytes(self) -> int:
        """20 bytes for each object."""
        return self.boxes_N5.nbytes


@dataclass(frozen=True, slots=True)
class Boxes(Target):
    """The objects of an image. Pickles, and compares by value.

    Attributes:
        xyxy: (left, top, right, bottom) of each object in pixels of the upright image, half-open: the whole image is
            (0, 0, width, height).
        labels: class index of each, 0..K-1; ``CROWD`` for a crowd of every class.
        crowd: which of them stand for many objects at once, and are neither learned nor measured.
    """

    noun: ClassVar[str] = "object"
    singular: ClassVar[str] = "box"
    plural: ClassVar[str] = "boxes"
    usable: ClassVar[str] = "can be used with its boxes"
    unseen: ClassVar[str] = "has no object in any image"
    upright: ClassVar[str] = "files"
    countable: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = ("ignore", "on_bad_box")
    needs_two_classes: ClassVar[bool] = False  # what is no object is the other one

    xyxy: tuple[tuple[float, float, float, float], ...] = ()
    labels: tuple[int, ...] = ()
    crowd: tuple[bool, ...] = ()

    @classmethod
    def is_stated_by(cls, value: Any) -> bool:
        """Say whether a value is a dict of boxes, and of no outlines."""
        from visionft.data.formats.objects_in_memory import states_boxes, states_polygons  # which name this class

        return states_boxes(value) and not states_polygons(value)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], options: "LabelOptions") -> "RawTargets":
        """Take a dict of boxes and labels of each image, see ``formats.objects_in_memory``."""
        from visionft.data.formats.objects_in_memory import raw_objects

        return raw_objects(values, options, outlined=False)

    def __post_init__(self) -> None:
        if not len(self.xyxy) == len(self.labels) == len(self.crowd):
            raise ValueError(f"{len(self.xyxy)} boxes, {len(self.labels)} labels and {len(self.crowd)} crowd flags")

    def renumbered(self, index_of: Sequence[int | None], classes: int) -> Self:
        """Return the objects with new class indices, without those of classes that are left out."""
        new = [CROWD if label == CROWD else index_of[label] for label in self.labels]
        kept = [place for place, label in enumerate(new) if label is not None]
        objects = {field.name: tuple(getattr(self, field.name)[place] for place in kept) for field in fields(self)}
        return replace(self, **objects | {"labels": tuple(label for label in new if label is not None)})

    def __len__(self) -> int:
        return len(self.xyxy)

    @property
    def class_counts(self) -> Mapping[int, int]:
        """Class index -> objects, without crowds."""
        return dict(Counter(label for label, crowd in zip(self.labels, self.crowd, strict=True) if not crowd))

    @property
    def polygons(self) -> tuple[Polygon, ...]:
        """One of each object, where polygons are stored; else nothing."""
        return ()

    def fingerprint(self) -> object:
        """Return boxes, labels and crowds."""
        return self.xyxy, self.labels, self.crowd

    def array(self) -> NDArray[np.float32]:
        """Return boxes_N5, in the frame of the image; crowds have ``CROWD`` for a class."""
        boxes_N5 = np.zeros((len(self), 5), np.float32)
        if len(self):
            boxes_N5[:, :4] = self.xyxy
            boxes_N5[:, 4] = np.where(self.crowd, CROWD, self.labels)
        return boxes_N5

    def read(self, size: tuple[int, int]) -> CanvasBoxes:
        """Return the objects as rows."""
        return CanvasBoxes(self.array())

    @classmethod
    def concatenated(cls, batches: Sequence[Any]) -> Any:
        """Return boxes_BN5 of all, with ``PADDING`` up to the largest N."""
        return concatenate(batches, NO_BOX)

    @classmethod
    def blank(cls, images_BHW3: "Tensor") -> "Tensor | InstanceTargets":
        """Return boxes_BN5, of each image one object that fills it."""
        return one_object(images_BHW3)

    @classmethod
    def class_problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Yield nothing: ``problems`` takes fewer lines, since catalogues of objects are long."""
        yield from ()

    @classmethod
    def problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Yield problems for classes and images without objects, and for objects too small to be seen."""
        yield from find_box_problems(dataset, [cls.of(sample) for sample in dataset.samples])


def pad_boxes(items: Sequence[CanvasBoxes]) -> NDArray[np.float32]:
    """Return boxes_BN5 of as many rows as the fullest image has, at least one."""
    boxes_BN5 = np.full((len(items), max(1, *(len(item.boxes_N5) for item in items)), 5), NO_BOX, np.float32)
    for rows_N5, item in zip(boxes_BN5, items, strict=True):
        rows_N5[: len(item.boxes_N5)] = item.boxes_N5
    return boxes_BN5


def one_object(images_BHW3: "Tensor") -> "Tensor":
    """Return boxes_BN5, of each image one that fills it."""
    import torch

    height, width = images_BHW3.shape[1:3]
    one_5 = images_BHW3.new_tensor([0, 0, width, height, 0], dtype=torch.float32)
    return one_5.expand(len(images_BHW3), 1, 5)

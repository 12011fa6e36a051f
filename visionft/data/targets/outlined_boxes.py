"""Objects with a box, a class and an outline.

Shape suffixes: B batch, N objects, S cells of a side; 5 left, top, right, bottom, class.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE, PADDING
from visionft.annotations.moving import move_objects
from visionft.annotations.object_mask import MASK_SIDE
from visionft.annotations.polygons import Outline, Rings
from visionft.annotations.rasterization import fill_in_box
from visionft.annotations.remapping import Remap, remap_objects
from visionft.data.records import Dataset, Problem
from visionft.data.targets.base import concatenate
from visionft.data.targets.boxes import NO_BOX, Boxes, CanvasBoxes, one_object, pad_boxes
from visionft.data.targets.outline_checks import find_outline_problems, require_outlines
from visionft.data.targets.raw import Finding

if TYPE_CHECKING:
    from torch import Tensor

    from visionft.batch import InstanceTargets


@dataclass(frozen=True, slots=True, eq=False)
class CanvasOutlinedBoxes(CanvasBoxes):
    """The objects of a canvas, with outlines.

    Attributes:
        boxes_N5: as of ``CanvasBoxes``; around the outline, where there is one.
        outlines: the rings (see ``Outline``) of each of these, cut off at the canvas's edges; () for an object whose
            outline nobody knows.
    """

    mirrors: ClassVar[bool] = False

    outlines: tuple[Rings, ...]

    @classmethod
    def collate(
        cls,
        items: Sequence[Self],
        pixels_BHW: "Tensor | None" = None,
    ) -> "InstanceTargets":
        """Return boxes_BN5 and masks_BNSS, the outlines painted into the cells of their boxes."""
        import torch

        from visionft.batch import InstanceTargets

        boxes_BN5 = pad_boxes(items)
        masks_BNSS = _paint(boxes_BN5, [item.outlines for item in items])
        return InstanceTargets(torch.from_numpy(boxes_BN5), torch.from_numpy(masks_BNSS))

    def moved(self, matrix: NDArray[np.float64], size: tuple[int, int]) -> Self:
        """Move and cut the objects by ``move_objects``."""
        boxes_N5, outlines = move_objects(self.boxes_N5, self.outlines, matrix, size)
        return type(self)(boxes_N5, outlines or ())

    def remapped(self, remap: Remap, size: tuple[int, int]) -> Self:
        """Move and cut the objects by ``remap_objects``."""
        boxes_N5, outlines = remap_objects(self.boxes_N5, self.outlines, remap, size)
        return type(self)(boxes_N5, outlines or ())

    def shifted(self, x: int, y: int) -> Self:
        """Move the objects right and down."""
        corner = np.array([x, y], np.float32)
        outlines = tuple(tuple(ring + corner for ring in rings) for rings in self.outlines)
        return type(self)(self.boxes_N5 + np.array([x, y, x, y, 0], np.float32), outlines)

    def joined(self, others: Sequence[Self]) -> Self:
        """Return the objects of all of them."""
        items = (self, *others)
        outlines = tuple(chain.from_iterable(item.outlines for item in items))
        return type(self)(np.vstack([item.boxes_N5 for item in items]), outlines)

    @property
    def nbytes(self) -> int:
        """20 bytes for each object, and 8 for each point."""
        return self.boxes_N5.nbytes + sum(ring_P2.nbytes for rings in self.outlines for ring_P2 in rings)


@dataclass(frozen=True, slots=True)
class OutlinedBoxes(Boxes):
    """The objects of an image, with outlines. Pickles, and compares by value.

    Attributes:
        xyxy: as of ``Boxes``; around the outline, where there is one.
        outlines: one of each object, in the same frame, inside the image; without rings where nobody knows it.
    """

    outlines: tuple[Outline, ...] = ()

    def __post_init__(self) -> None:
        Boxes.__post_init__(self)  # super() does not find a class with slots
        if len(self.outlines) != len(self.xyxy):
            raise ValueError(f"{len(self.xyxy)} boxes and {len(self.outlines)} outlines")

    @property
    def outlined(self) -> tuple[bool, ...]:
        """Whether the outline is known of each object that is no crowd."""
        return tuple(bool(shape.rings) for shape, crowd in zip(self.outlines, self.crowd, strict=True) if not crowd)

    @property
    def measurable(self) -> bool:
        """Whether an object has an outline."""
        return any(self.outlined)

    def fingerprint(self) -> object:
        """Return boxes, labels, crowds and outlines."""
        plain = self.xyxy, self.labels, self.crowd
        return (*plain, self.outlines) if self.outlines else plain

    def read(self, size: tuple[int, int]) -> CanvasOutlinedBoxes:
        """Return rows and rings; arguments as of ``Target.read``."""
        objects = CanvasOutlinedBoxes(self.array(), tuple(outline.points for outline in self.outlines))
        # what is drawn beyond the image would be learned where a canvas has a border
        return objects.moved(np.eye(3), size)

    @classmethod
    def concatenated(cls, batches: Sequence[Any]) -> Any:
        """Return the objects of all, filled up to the most in an image."""
        from visionft.batch import InstanceTargets

        boxes, masks = zip(*batches, strict=True)
        return InstanceTargets(concatenate(boxes, NO_BOX), concatenate(masks, 0))

    @classmethod
    def chosen(cls, targets: Any, indices: "Tensor") -> Any:
        """Return the objects of some images; see ``Target.chosen``."""
        return type(targets)(*(tensor[indices] for tensor in targets))

    @classmethod
    def blank(cls, images_BHW3: "Tensor") -> "InstanceTargets":
        """Return one object that fills the image."""
        from visionft.batch import InstanceTargets

        return InstanceTargets(one_object(images_BHW3), images_BHW3.new_ones(len(images_BHW3), 1, MASK_SIDE, MASK_SIDE))

    @classmethod
    def require_usable(cls, targets: Sequence[Self], findings: Sequence[Finding], source: str) -> None:
        """Check that an object has an outline; see ``Target.require_usable``."""
        require_outlines(any(target.measurable for target in targets), findings, source)

    @classmethod
    def problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Tell what is told of boxes, of objects without an outline, and of outlines that are mere boxes."""
        yield from Boxes.problems(dataset)
        yield from find_outline_problems(dataset, [cls.of(sample) for sample in dataset.samples])


def _paint(boxes_BN5: NDArray[np.float32], outlines: Sequence[tuple[Rings, ...]]) -> NDArray[np.uint8]:
    """Return masks_BNSS of the same rows, ``IGNORE`` throughout for objects whose outline nobody knows.

    So are those whose outline runs between the centres of the cells: that there is nothing is not to be learned.
    """
    masks_BNSS = np.zeros((*boxes_BN5.shape[:2], MASK_SIDE, MASK_SIDE), np.uint8)
    masks_BNSS[boxes_BN5[..., 4] != PADDING] = IGNORE
    for boxes_N5, masks_NSS, objects in zip(boxes_BN5, masks_BNSS, outlines, strict=True):
        for row, rings in enumerate(objects):
            if rings and (cells_SS := fill_in_box(rings, boxes_N5[row, :4], MASK_SIDE)).any():
                masks_NSS[row] = cells_SS
    return masks_BNSS

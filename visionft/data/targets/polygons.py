"""Objects with a box, a class and a polygon.

Shape suffixes: B batch, N objects, S cells of a side; 5 left, top, right, bottom, class.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE, PADDING
from visionft.annotations.moving import move_objects
from visionft.annotations.object_mask import MASK_SIDE
from visionft.annotations.polygons import Polygon, Rings
from visionft.annotations.rasterization import fill_in_box
from visionft.annotations.remapping import Remap, remap_objects
from visionft.data.records import Dataset, Problem
from visionft.data.targets.base import concatenate
from visionft.data.targets.boxes import NO_BOX, Boxes, CanvasBoxes, one_object, pad_boxes
from visionft.data.targets.polygon_checks import find_polygon_problems, require_polygons
from visionft.data.targets.raw import Finding, RawTargets

if TYPE_CHECKING:
    from torch import Tensor

    from visionft.batch import InstanceTargets
    from visionft.data.listing import LabelOptions


@dataclass(frozen=True, slots=True, eq=False)
class CanvasPolygons(CanvasBoxes):
    """The objects of a canvas, with polygons.

    Attributes:
        boxes_N5: as of ``CanvasBoxes``; around the polygon, where there is one.
        polygons: the rings (see ``Polygon``) of each of these, cut off at the canvas's edges; () for an object whose
            polygon nobody knows.
    """

    mirrors: ClassVar[bool] = False

    polygons: tuple[Rings, ...]

    @classmethod
    def collate(
        cls,
        items: Sequence[Self],
        pixels_BHW: "Tensor | None" = None,
    ) -> "InstanceTargets":
        """Return boxes_BN5 and masks_BNSS, the polygons painted into the cells of their boxes."""
        import torch

        from visionft.batch import InstanceTargets

        boxes_BN5 = pad_boxes(items)
        masks_BNSS = _paint(boxes_BN5, [item.polygons for item in items])
        return InstanceTargets(torch.from_numpy(boxes_BN5), torch.from_numpy(masks_BNSS))

    def moved(self, matrix: NDArray[np.float64], size: tuple[int, int]) -> Self:
        """Move and cut the objects by ``move_objects``."""
        boxes_N5, polygons = move_objects(self.boxes_N5, self.polygons, matrix, size)
        return type(self)(boxes_N5, polygons or ())

    def remapped(self, remap: Remap, size: tuple[int, int]) -> Self:
        """Move and cut the objects by ``remap_objects``."""
        boxes_N5, polygons = remap_objects(self.boxes_N5, self.polygons, remap, size)
        return type(self)(boxes_N5, polygons or ())

    def shifted(self, x: int, y: int) -> Self:
        """Move the objects right and down."""
        corner = np.array([x, y], np.float32)
        polygons = tuple(tuple(ring + corner for ring in rings) for rings in self.polygons)
        return type(self)(self.boxes_N5 + np.array([x, y, x, y, 0], np.float32), polygons)

    def joined(self, others: Sequence[Self]) -> Self:
        """Return the objects of several canvases on one."""
        items = (self, *others)
        polygons = tuple(chain.from_iterable(item.polygons for item in items))
        return type(self)(np.vstack([item.boxes_N5 for item in items]), polygons)

    @property
    def nbytes(self) -> int:
        """20 bytes for each object, and 8 for each point."""
        return self.boxes_N5.nbytes + sum(ring_P2.nbytes for rings in self.polygons for ring_P2 in rings)


class Outline(NamedTuple):
    """A polygon in a fingerprint, whose text must stay that which the runs of earlier releases have written down."""

    rings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Polygons(Boxes):
    """The objects of an image, with polygons. Pickles, and compares by value.

    Attributes:
        xyxy: as of ``Boxes``; around the polygon, where there is one.
        polygons: one of each object, in the same frame, inside the image; without rings where nobody knows it.
    """

    polygons: tuple[Polygon, ...] = ()

    @classmethod
    def is_stated_by(cls, value: Any) -> bool:
        """Say whether a value is a dict of masks or polygons of objects."""
        from visionft.data.formats.objects_in_memory import states_polygons  # which names this class

        return states_polygons(value)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], options: "LabelOptions") -> RawTargets:
        """Take a dict of masks or polygons, and labels, of each image, see ``formats.objects_in_memory``."""
        from visionft.data.formats.objects_in_memory import raw_objects

        return raw_objects(values, options, outlined=True)

    def __post_init__(self) -> None:
        Boxes.__post_init__(self)  # super() does not find a class with slots
        if len(self.polygons) != len(self.xyxy):
            raise ValueError(f"{len(self.xyxy)} boxes and {len(self.polygons)} outlines")

    @property
    def known(self) -> tuple[bool, ...]:
        """Whether the polygon is known of each object that is no crowd."""
        return tuple(bool(shape.rings) for shape, crowd in zip(self.polygons, self.crowd, strict=True) if not crowd)

    @property
    def measurable(self) -> bool:
        """Whether an object has a polygon."""
        return any(self.known)

    def fingerprint(self) -> object:
        """Return boxes, labels, crowds and polygons, in a text that stays."""
        plain = self.xyxy, self.labels, self.crowd
        return (*plain, tuple(Outline(polygon.rings) for polygon in self.polygons)) if self.polygons else plain

    def read(self, size: tuple[int, int]) -> CanvasPolygons:
        """Return rows and rings; arguments as of ``Target.read``."""
        objects = CanvasPolygons(self.array(), tuple(polygon.points for polygon in self.polygons))
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
        """Check that an object has a polygon; see ``Target.require_usable``."""
        require_polygons(any(target.measurable for target in targets), findings, source)

    @classmethod
    def problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Yield the problems of boxes, objects without a polygon, and polygons that are mere boxes."""
        yield from Boxes.problems(dataset)
        yield from find_polygon_problems(dataset, [cls.of(sample) for sample in dataset.samples])


def _paint(boxes_BN5: NDArray[np.float32], polygons: Sequence[tuple[Rings, ...]]) -> NDArray[np.uint8]:
    """Return masks_BNSS of the same rows, ``IGNORE`` throughout for objects whose polygon nobody knows.

    So are those whose polygon runs between the centres of the cells: that there is nothing is not to be learned.
    """
    masks_BNSS = np.zeros((*boxes_BN5.shape[:2], MASK_SIDE, MASK_SIDE), np.uint8)
    masks_BNSS[boxes_BN5[..., 4] != PADDING] = IGNORE
    for boxes_N5, masks_NSS, objects in zip(boxes_BN5, masks_BNSS, polygons, strict=True):
        for row, rings in enumerate(objects):
            if rings and (cells_SS := fill_in_box(rings, boxes_N5[row, :4], MASK_SIDE)).any():
                masks_NSS[row] = cells_SS
    return masks_BNSS

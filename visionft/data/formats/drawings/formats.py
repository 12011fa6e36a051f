"""Data formats made of drawings: what is read of the files of a tool becomes boxes, polygons, masks or labels."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np

from visionft.data.box_classes import BoxClasses, choose_classes
from visionft.data.formats.coco.classes import make_classes
from visionft.data.formats.coco.numbers import Key
from visionft.data.formats.coco.regions import CocoMask, Region
from visionft.data.formats.drawings.drawing import Drawing, DrawnShape
from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import counted, natural_order, some
from visionft.data.raw_boxes import RawBox, RawBoxes, require_raw_polygons
from visionft.data.records import Problem
from visionft.data.targets.base import Target
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.label import Label, RawLabel
from visionft.data.targets.label_set import LabelSet, RawLabelSet
from visionft.data.targets.mask import Mask, RawMask
from visionft.data.targets.polygons import Polygons
from visionft.data.targets.raw import OpenedImage, RawTarget, Resolved
from visionft.errors import DataError


class Reads(Protocol):
    """Reads the files of a tool."""

    def __call__(self, path: Path, images_in: str | None, problems: list[Problem]) -> list[Drawing]:
        """Return what is drawn on each image.

        Args:
            path: the files, or their folder.
            images_in: the folder of the images, relative to it; None looks everywhere below.
            problems: grows by what is left out.

        Raises:
            DataError: when there is no such file.
        """
        ...


class DrawingFormat(DataFormat):
    """Images with drawings; classes are the names that occur, in natural order."""

    takes: ClassVar[tuple[str, ...]] = ("images",)

    @property
    def images_in(self) -> str | None:
        """The folder of the images, where the user names it."""
        return self._options.images

    @abstractmethod
    def drawings(self, path: Path, problems: list[Problem]) -> list[Drawing]:
        """Return what is drawn on each image; see ``Reads``."""

    def read(self, path: Path | None) -> Listing:
        """List the images on which somebody has drawn.

        Raises:
            DataError: when there is no such file or folder, or nothing that can be learned is drawn.
        """
        if path is None or not path.exists():
            raise DataError(f"{path}: no such file or folder; give the one that holds images and annotations")
        problems: list[Problem] = []
        drawings = self.drawings(path, problems)
        targets, names = self._targets(path, drawings, problems)
        entries = tuple(
            Entry(drawing.id, drawing.image, target, drawing.split)
            for drawing, target in zip(drawings, targets, strict=True)
            if target is not None
        )
        return Listing(path.resolve().stem, entries, names, self.target, tuple(problems), source=str(path))

    @abstractmethod
    def _targets(
        self, path: Path, drawings: Sequence[Drawing], problems: list[Problem]
    ) -> tuple[Sequence[RawTarget | None], tuple[str, ...]]:
        """Return the target of each image, None where it is left out; and the classes."""

    def _names(self, path: Path, drawings: Sequence[Drawing]) -> dict[Key, str]:
        """Return the classes of all shapes by number."""
        if isinstance(self._options.classes, Mapping) or self._options.ignore:
            raise DataError(
                f"{path}: drawings have names and no numbers of classes; give data.classes a list of names, and take "
                "data.ignore out"
            )
        names = natural_order(shape.name for drawing in drawings for shape in drawing.shapes if shape.name)
        if not names:
            raise DataError(f"{path}: no shape with a class is drawn on any of {len(drawings)} images")
        return {number: name for number, name in enumerate(names)}  # noqa: C416  # of the type that categories have


class DrawnBoxes(DrawingFormat):
    """Shapes as boxes: rectangles as they are drawn, the boxes around others."""

    target: ClassVar[type[Target]] = Boxes
    takes: ClassVar[tuple[str, ...]] = ("images", "on_bad_box")
    with_polygons: ClassVar[bool] = False

    def _targets(
        self, path: Path, drawings: Sequence[Drawing], problems: list[Problem]
    ) -> tuple[Sequence[RawTarget | None], tuple[str, ...]]:
        names = self._names(path, drawings)
        classes = choose_classes(names, self._options, problems)
        number_of = {name: number for number, name in names.items()}
        targets = [self._boxes(drawing, classes, number_of) for drawing in drawings]
        if self.with_polygons:
            require_raw_polygons(targets, str(path))
        return targets, classes.names

    def _boxes(self, drawing: Drawing, classes: BoxClasses, number_of: Mapping[str, Key]) -> RawBoxes:
        boxes = []
        for shape in drawing.shapes:
            box = RawBox(shape.number, shape.xyxy, fault=shape.fault or ("" if shape.name else "has no class name"))
            if self.with_polygons and not box.fault:
                box = box._replace(polygon=shape.polygon)
            labelled = classes.label(box, number_of[shape.name]) if shape.name else box
            if labelled is not None:
                boxes.append(labelled)
        start = f"{drawing.where}: shape"
        return RawBoxes("xyxy", tuple(boxes), start, size=drawing.size, with_polygons=self.with_polygons)


class DrawnPolygons(DrawnBoxes):
    """Shapes as objects with polygons; a rectangle is one of four corners."""

    target: ClassVar[type[Target]] = Polygons
    with_polygons: ClassVar[bool] = True

    def states_target(self, path: Path) -> bool:
        """Return whether something else than upright rectangles is drawn.

        Raises:
            DataError: when the files cannot be read.
        """
        return any(not shape.is_box for drawing in self.drawings(path, []) for shape in drawing.shapes)


@dataclass(frozen=True, slots=True)
class RawDrawnMask:
    """Regions that are painted in their order, so that the last wins; without a stated size, in that of the image."""

    regions: tuple[Region, ...]
    background: int
    size: tuple[int, int] | None

    @property
    def stratum(self) -> None:
        """None: a mask shows several classes."""
        return

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:
        """Paint the regions in the image.

        Raises:
            DataError: when the stated size is not the image's.
        """
        width, height = self.size or image.size
        return RawMask(CocoMask(height, width, self.background, self.regions)).resolve(image, class_names)


class DrawnMasks(DrawingFormat):
    """Shapes as semantic masks; pixels without one are ``background``, where shapes overlap the later one is on top."""

    target: ClassVar[type[Target]] = Mask

    def _targets(
        self, path: Path, drawings: Sequence[Drawing], problems: list[Problem]
    ) -> tuple[Sequence[RawTarget | None], tuple[str, ...]]:
        names = self._names(path, drawings)
        classes = make_classes(names, self._options, problems)
        label_of = {name: classes.label_of_category(number) for number, name in names.items()}
        unusable: list[str] = []
        targets = []
        for drawing in drawings:
            regions = []
            for shape in drawing.shapes:
                polygon = shape.polygon
                fault = shape.fault or polygon.fault or ("" if shape.name else "has no class name")
                if fault:
                    unusable.append(f"{drawing.where}: shape {shape.number} ({fault})")
                else:
                    regions.append(_region(shape, label_of[shape.name], drawing.size))
            targets.append(RawDrawnMask(tuple(regions), classes.background, drawing.size))
        if unusable:
            what = f"{counted(len(unusable), 'shape encloses', 'shapes enclose')} no pixels; left out: {some(unusable)}"
            problems.append(Problem(str(path), what))
        return targets, classes.names


def _region(shape: DrawnShape, label: int, size: tuple[int, int] | None) -> Region:
    """Return the pixels of a shape; of a drawn mask with holes, whose image's size is known, its run lengths."""
    if shape.mask is None or size is None:
        return Region(label, tuple(np.array(part, np.float32).tobytes() for part in shape.parts or _rings(shape)))
    left, top, mask_HW = shape.mask
    whole_HW = np.zeros(size[::-1], np.bool_)
    part_HW = whole_HW[top : top + mask_HW.shape[0], left : left + mask_HW.shape[1]]
    part_HW[:] = mask_HW[: part_HW.shape[0], : part_HW.shape[1]]
    flat = whole_HW.T.ravel()
    ends = np.flatnonzero(np.diff(flat, prepend=False, append=not flat[-1]))
    return Region(label, runs=np.diff(ends, prepend=0).astype(np.uint32).tobytes())


def _rings(shape: DrawnShape) -> list[np.ndarray]:
    return [np.frombuffer(ring, np.float32).reshape(-1, 2) for ring in shape.polygon.rings]


class DrawnLabels(DrawingFormat):
    """The classes of the whole images that people ticked; where nobody did, those of their shapes."""

    target: ClassVar[type[Target]] = LabelSet

    def _targets(
        self,
        path: Path,
        drawings: Sequence[Drawing],
        problems: list[Problem],  # noqa: ARG002  # all can be used
    ) -> tuple[Sequence[RawTarget | None], tuple[str, ...]]:
        ticked = any(drawing.tags for drawing in drawings)
        sets = [
            drawing.tags if ticked else tuple(dict.fromkeys(shape.name for shape in drawing.shapes if shape.name))
            for drawing in drawings
        ]
        if not any(sets):
            raise DataError(f"{path}: nobody ticked a class of an image or drew a shape with one")
        return [RawLabelSet(names) for names in sets], natural_order(name for names in sets for name in names)


class DrawnClasses(DrawingFormat):
    """The only class of each image that people ticked."""

    target: ClassVar[type[Target]] = Label

    def _targets(
        self, path: Path, drawings: Sequence[Drawing], problems: list[Problem]
    ) -> tuple[Sequence[RawTarget | None], tuple[str, ...]]:
        for several, what in ((False, "no class"), (True, "several classes")):
            odd = [drawing.id for drawing in drawings if len(drawing.tags) != 1 and bool(drawing.tags) == several]
            if odd:
                images = counted(len(odd), "image has", "images have")
                advice = "; learn them with --set task.kind=multilabel" if several else ""
                problems.append(Problem(str(path), f"{images} {what}; left out: {some(odd)}{advice}"))
        names = natural_order(drawing.tags[0] for drawing in drawings if len(drawing.tags) == 1)
        if not names:
            raise DataError(f"{path}: no image has exactly one class that somebody ticked")
        return [RawLabel(drawing.tags[0]) if len(drawing.tags) == 1 else None for drawing in drawings], names


_MAKES: tuple[tuple[type[DrawingFormat], str, str], ...] = (
    (DrawnBoxes, "", "boxes of the shapes"),
    (DrawnPolygons, "Polygons", "polygons, ellipses, boxes and masks as objects"),
    (DrawnMasks, "Masks", "a class for every pixel"),
    (DrawnLabels, "Labels", "what people ticked for each image, or the classes of its shapes"),
    (DrawnClasses, "Classes", "the only class that people ticked for each image"),
)


def formats_of(tool: str, reads: Reads, about: str) -> tuple[type[DrawingFormat], ...]:
    """Return the data formats of a tool: of boxes, polygons, masks, several labels and classes.

    Args:
        tool: its name in ``FORMATS``, before what is made of its drawings.
        reads: reads its files.
        about: the text that describes them, with ``{makes}``.
    """

    def drawings(self: DrawingFormat, path: Path, problems: list[Problem]) -> list[Drawing]:
        return reads(path, self.images_in, problems)

    made = []
    for base, what, makes in _MAKES:
        kind = f"{tool}_{what.lower()}" if what else tool
        said = {
            "kind": kind,
            "drawings": drawings,
            "__doc__": about.format(makes=makes),
            "__module__": reads.__module__,
        }
        made.append(type(f"{tool.capitalize()}{what}", (base,), said))
    return tuple(made)


def kind_of_drawings(drawings: Sequence[Drawing]) -> str:
    """Return what drawings are for when nobody says it: ``boxes``, ``masks``, ``classes`` or ``labels``."""
    shapes = [shape for drawing in drawings for shape in drawing.shapes]
    if not shapes and any(drawing.tags for drawing in drawings):
        return "classes" if all(len(drawing.tags) <= 1 for drawing in drawings) else "labels"
    outlines = sum(not shape.is_box for shape in shapes)
    return "masks" if shapes and 2 * outlines >= len(shapes) else "boxes"

"""One labelled image, and a data set as the formats read it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, get_args

from visionft.augment_params import Change

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

TaskKind = Literal["classification", "segmentation", "detection", "instance_segmentation"]

OBJECT_TASKS: tuple[TaskKind, ...] = ("detection", "instance_segmentation")
"""Tasks whose targets are ``Boxes``."""

Rings: TypeAlias = "tuple[NDArray[np.float32], ...]"
"""The outline of an object as arrays, see ``Outline``."""

IGNORE = 255
"""In a mask: the pixel belongs to no class, is not learned and not measured."""

PADDING, CROWD = -1, -2
"""In boxes_N5, in the place of a class: a row without a box; a region whose objects are not learned or measured."""


class MaskSource(Protocol):
    """Where the classes of an image's pixels are stored. Pickles, and compares by value."""

    def read(self) -> "NDArray[np.uint8]":
        """Return class indices 0..K-1 and ``IGNORE``, of the image's (height, width).

        Raises:
            DataError: naming the file, when it cannot be read or holds a value that stands for no class.
        """
        ...


@dataclass(frozen=True, slots=True)
class Outline:
    """The pixels of an object: those whose centre lies inside. Pickles, and compares by value.

    Attributes:
        rings: closed polygons, (P, 2) float32 (x, y) each, as bytes. One that runs clockwise, as seen on a screen,
            fills what is inside; one that runs the other way cuts it out again; the larger come first. Filling rings
            may overlap each other, but not where another one cuts out. None at all where nobody knows the outline.
    """

    rings: tuple[bytes, ...] = ()

    @property
    def points(self) -> "Rings":
        """The rings as arrays."""
        import numpy as np  # importing the package stays quick

        return tuple(np.frombuffer(ring, np.float32).reshape(-1, 2) for ring in self.rings)


@dataclass(frozen=True, slots=True)
class Boxes:
    """The objects of an image. Pickles, and compares by value.

    Attributes:
        xyxy: (left, top, right, bottom) of each object in pixels of the upright image, half-open: the whole image is
            (0, 0, width, height).
        labels: class index of each, 0..K-1; ``CROWD`` for a crowd of every class.
        crowd: which of them stand for many objects at once, and are neither learned nor measured.
        outlines: one of each object, in the same frame, for instance segmentation; else empty.
    """

    xyxy: tuple[tuple[float, float, float, float], ...] = ()
    labels: tuple[int, ...] = ()
    crowd: tuple[bool, ...] = ()
    outlines: tuple[Outline, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.xyxy) == len(self.labels) == len(self.crowd):
            raise ValueError(f"{len(self.xyxy)} boxes, {len(self.labels)} labels and {len(self.crowd)} crowd flags")
        if self.outlines and len(self.outlines) != len(self.xyxy):
            raise ValueError(f"{len(self.xyxy)} boxes and {len(self.outlines)} outlines")

    def __len__(self) -> int:
        return len(self.xyxy)

    @property
    def counts(self) -> dict[int, int]:
        """Class index -> objects, crowds and classes without any left out."""
        return dict(Counter(label for label, crowd in zip(self.labels, self.crowd, strict=True) if not crowd))

    @property
    def outlined(self) -> tuple[bool, ...]:
        """Whether the outline is known of each object that is no crowd."""
        outlines = self.outlines or (Outline(),) * len(self)
        return tuple(bool(outline.rings) for outline, crowd in zip(outlines, self.crowd, strict=True) if not crowd)


@dataclass(frozen=True, slots=True)
class Sample:
    """One image file and what is to be learned from it.

    Attributes:
        id: stable name inside the data set, a relative path with forward slashes; seeds and reports use it.
        path: where the image file is.
        target: class index into the data set's class names, 0..K-1; or the mask that has one for every pixel; or the
            boxes that have one each.
        split: which part of the data it belongs to.
        pixels: class index -> pixels in the mask, classes without any left out; empty where there is no mask.
        size: (width, height) in pixels of the upright image; (0, 0) when nobody looked.
    """

    id: str
    path: Path
    target: int | MaskSource | Boxes
    split: Split
    pixels: Mapping[int, int] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)

    @property
    def label(self) -> int:
        """The class index of the whole image.

        Raises:
            TypeError: when the sample has something else instead.
        """
        if not isinstance(self.target, int):
            raise TypeError(f"{self.id}: has a {type(self.target).__name__}, and no class of its own")
        return self.target

    @property
    def mask(self) -> MaskSource:
        """The source of the mask.

        Raises:
            TypeError: when the sample has something else instead.
        """
        if isinstance(self.target, int | Boxes):
            raise TypeError(f"{self.id}: has a {type(self.target).__name__}, and no mask")
        return self.target

    @property
    def boxes(self) -> Boxes:
        """The objects.

        Raises:
            TypeError: when the sample has something else instead.
        """
        if not isinstance(self.target, Boxes):
            raise TypeError(f"{self.id}: has a {type(self.target).__name__}, and no boxes")
        return self.target

    @property
    def amounts(self) -> Mapping[int, int]:
        """Class index -> how much of it the image has: images, pixels of its mask, or objects."""
        match self.target:
            case int():
                return {self.target: 1}
            case Boxes():
                return self.target.counts
            case _:
                return self.pixels

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes that occur in the image."""
        return tuple(sorted(self.amounts))


class Example(NamedTuple):
    """A sample on the canvas.

    Attributes:
        image_HW3: uint8 RGB.
        mask_HW: uint8 class indices and ``IGNORE``, where the sample has a mask.
        boxes_N5: float32 (left, top, right, bottom, class or ``CROWD``) in pixels of the canvas, half-open and inside
            it, where the sample has boxes.
        outlines: the rings (see ``Outline``) of each of these, in pixels of the canvas and cut off at its edges, where
            the sample has outlines; () for an object whose outline nobody knows.
        change: what is still to happen to image and mask, on the device that trains; objects have moved already.
    """

    image_HW3: "NDArray[np.uint8]"
    mask_HW: "NDArray[np.uint8] | None" = None
    boxes_N5: "NDArray[np.float32] | None" = None
    outlines: "tuple[Rings, ...] | None" = None
    change: Change = Change()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about the data that a person should know.

    Attributes:
        where: the file, class or annotation concerned.
        what: what was found.
        fatal: whether training cannot start with it.
    """

    where: str
    what: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """Every usable sample, the class names in label order, and what was found wrong.

    Attributes:
        name: a short name for people, such as the folder's.
        samples: ordered by id.
        class_names: text for label 0, 1, ...; the order is stored with the model and never derived again.
        problems: files left out and other findings, in the order they were met.
        source: where it came from, licence included where one is known.
        task: what its targets are made for.
        palette: colour (RGB, 0..255) of each class where the data have their own; else empty.
    """

    name: str
    samples: tuple[Sample, ...]
    class_names: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    source: str = ""
    task: TaskKind = "classification"
    palette: tuple[tuple[int, int, int], ...] = ()

    @property
    def measured(self) -> Split:
        """The part to measure where none is named: test, or validation where test has nothing that can be measured."""
        several = self.split("test")
        if self.task == "instance_segmentation":
            return "test" if any(any(sample.boxes.outlined) for sample in several) else "val"
        return "test" if any(sample.amounts for sample in several) else "val"

    def split(self, split: Split) -> tuple[Sample, ...]:
        """Return the samples of one part, ordered by id."""
        return tuple(sample for sample in self.samples if sample.split == split)

    def counts(self, split: Split) -> dict[str, int]:
        """Return in how many samples of one part each class occurs, zeros included."""
        counter = Counter(label for sample in self.samples if sample.split == split for label in sample.classes)
        return {name: counter[label] for label, name in enumerate(self.class_names)}

    def amounts(self, split: Split) -> list[int]:
        """Return how much of each class one part has: images, pixels of masks, or objects."""
        counter: Counter[int] = Counter()
        for sample in self.samples:
            if sample.split == split:
                counter.update(sample.amounts)
        return [counter[label] for label in range(len(self.class_names))]

"""What is to be learned from an image, in its three forms. A new kind of target is one file beside this one.

``Target``        stored with a sample, in the frame of the upright image; small, pickles, compares by value
``CanvasTarget``  its arrays on a canvas, where augmentation moves them
a batch's         tensors, made by ``CanvasTarget.collate``; what else is done to them are class methods of ``Target``

Whoever loads, augments or checks calls these methods, and never asks of which class a target is. What a data format
knows before an image is opened is a ``RawTarget``, see ``raw``. Only methods for batches load torch.

Shape suffixes: B batch, H height, W width, 3 colour channels (RGB).
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.remapping import Remap
from visionft.augment_params import Box
from visionft.errors import DataError
from visionft.imaging.placement import canvas_from_original
from visionft.spec import InputSpec

if TYPE_CHECKING:
    from torch import Tensor

    from visionft.batch import InstanceTargets
    from visionft.data.listing import LabelOptions
    from visionft.data.records import Dataset, Problem, Sample
    from visionft.data.targets.raw import Finding, RawTargets


class CanvasTarget(ABC):
    """A target as arrays, on a canvas or in the frame of an image that is not on one yet. Methods return a new one.

    What is true of an image wherever its pixels are, such as its class, only says how it is collated. What has a
    place overrides ``moved``; what mosaic and mixup of images can combine, ``shifted`` and ``joined``; what has a value
    in every pixel, all of the methods about pixels.
    """

    __slots__ = ()

    mirrors: ClassVar[bool] = True
    """Whether it stays true of an image that is mirrored beyond its edges; else one colour is there."""

    @classmethod
    @abstractmethod
    def collate(cls, items: Sequence[Self], pixels_BHW: "Tensor | None" = None) -> "Tensor | InstanceTargets":
        """Put the targets of a batch together, on the CPU.

        Args:
            items: one of each canvas, at least one.
            pixels_BHW: their ``pixels``, where these are on a device already and the items are without.
        """

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """The plane of uint8, (H, W), that moves with the image's pixels, by whatever moves these; None without one."""
        return None

    def with_pixels(self, pixels_HW: NDArray[np.uint8] | None) -> Self:
        """Replace the plane of pixels; None where it is elsewhere for the moment."""
        return self

    def placed(self, original_size: tuple[int, int], spec: InputSpec) -> Self:
        """Move the target from the frame of a whole image onto its canvas.

        Args:
            original_size: (width, height) of the upright image.
            spec: the canvas; its fit is not ``tile``.
        """
        return self.moved(canvas_from_original(original_size, spec), (spec.width, spec.height))

    def cut(self, corner: tuple[int, int], spec: InputSpec) -> Self:
        """Move the target from the frame of a whole image into a window of the canvas's size, at its own resolution.

        Args:
            corner: (x, y) of the window in pixels of the image.
            spec: the canvas.
        """
        matrix = np.array([[1.0, 0.0, -corner[0]], [0.0, 1.0, -corner[1]], [0.0, 0.0, 1.0]])
        return self.moved(matrix, (spec.width, spec.height))

    def moved(self, matrix: NDArray[np.float64], size: tuple[int, int]) -> Self:
        """Move and clip the target, but for ``pixels``.

        Args:
            matrix: 3x3, source to destination, acts on (x, y, 1).
            size: (width, height) of the canvas at the destination, at which objects are cut off.
        """
        return self

    def remapped(self, remap: Remap, size: tuple[int, int]) -> Self:
        """Move everything but ``pixels`` as planes of pixels move, by what is no matrix.

        Args:
            remap: moves such a plane.
            size: (width, height) of the canvas.
        """
        return self

    def erased(self, boxes: Sequence[Box], size: tuple[int, int]) -> Self:
        """Drop what can no longer be learned once some rectangles of an image are erased.

        Args:
            boxes: the rectangles.
            size: (width, height) of the canvas.
        """
        return self

    def shifted(self, x: int, y: int) -> Self:
        """Move the target without clipping it.

        Raises:
            ValueError: when images with such targets cannot be mixed.
        """
        raise ValueError(f"only canvases with objects can be mixed; {type(self).__name__} has none")

    def joined(self, others: Sequence[Self]) -> Self:
        """Return the objects of several on one canvas.

        Raises:
            ValueError: when images with such targets cannot be mixed.
        """
        raise ValueError(f"only canvases with objects can be mixed; {type(self).__name__} has none")

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the arrays take."""
        return 0


class Target(ABC):
    """What is to be learned from one image, in the frame of that. Pickles, and compares by value.

    Attributes:
        noun: what its classes are counted in, singular.
        singular: what people call one.
        plural: what they call several.
        usable: of an image and its target: that nothing is wrong with them.
        unseen: of a class: that no image has it.
        named: what ``class_names`` are the names of: one of them, several.
        upright: what could tell whether it is turned as the image is.
        exclusive: whether every image has exactly one class, by which splits can be cut.
        needs_two_classes: whether it takes two for something to be told apart.
        countable: whether an image may have several of a class, so that numbers of images say too little.
        has_pixels: whether ``CanvasTarget.pixels`` is something.
        takes: the fields of ``LabelOptions`` that mean something where it is made of plain values, beside ``classes``.
    """

    __slots__ = ()

    noun: ClassVar[str]
    singular: ClassVar[str]
    plural: ClassVar[str]
    usable: ClassVar[str]
    unseen: ClassVar[str]
    upright: ClassVar[str]
    named: ClassVar[tuple[str, str]] = ("class", "classes")
    exclusive: ClassVar[bool] = False
    needs_two_classes: ClassVar[bool] = True
    countable: ClassVar[bool] = False
    has_pixels: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def of(cls, sample: "Sample") -> Self:
        """Return a sample's target, for those who need this class.

        Raises:
            TypeError: when it is of another class.
        """
        if not isinstance(sample.target, cls):
            raise TypeError(f"{sample.id}: has a {type(sample.target).__name__}, and no {cls.__name__}")
        return sample.target

    # of plain Python values

    @classmethod
    def is_stated_by(cls, value: Any) -> bool:  # most have a form of their own
        """Say whether a plain value looks like such a target, where nobody says what is to be learned."""
        return False

    @classmethod
    def from_values(cls, values: Mapping[str, Any], options: "LabelOptions") -> "RawTargets":
        """Return what plain values, such as numbers, arrays and dicts, say of images.

        Args:
            values: image id -> value.
            options: what is said about labels.

        Raises:
            DataError: when a value says nothing of this kind.
        """
        raise DataError(f"{cls.plural} cannot be made of plain values; give files in one of the data formats")

    # of one image

    @property
    @abstractmethod
    def class_counts(self) -> Mapping[int, int]:
        """Class index -> how much of it the image has, in ``noun``; classes without any left out."""

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes that occur in the image."""
        return tuple(sorted(self.class_counts))

    @property
    def measurable(self) -> bool:
        """Whether the image can tell how good a model is."""
        return bool(self.class_counts)

    @abstractmethod
    def fingerprint(self) -> object:
        """Return what identifies the target, to see whether data have changed; its text is never to change."""

    @abstractmethod
    def read(self, size: tuple[int, int]) -> CanvasTarget:
        """Return the target as arrays in the frame of the image.

        Args:
            size: (width, height) of the upright image.

        Raises:
            DataError: naming the file, when what is stored in one cannot be read (any more).
        """

    def unread(self, size: tuple[int, int], spec: InputSpec) -> CanvasTarget:
        """Return the target on the canvas, without pixels and so without reading a file; arguments as of ``placed``."""
        return self.read(size).placed(size, spec)

    def difference(self, other: Self, class_names: Sequence[str]) -> str:
        """Return how this target differs from that of a copy of the image: ``other boxes``; empty where equal."""
        return "" if self == other else f"other {self.plural}"

    # of a batch

    @classmethod
    def pixels_of(cls, targets: "Tensor | InstanceTargets") -> "Tensor | None":
        """Return pixels_BHW of a batch: the planes that move with images; None without any."""
        return None

    @classmethod
    def with_pixels(
        cls,
        targets: "Tensor | InstanceTargets",
        pixels_BHW: "Tensor",
    ) -> "Tensor | InstanceTargets":
        """Replace the planes of pixels of a batch."""
        return targets

    @classmethod
    def concatenated(cls, batches: "Sequence[Any]") -> Any:
        """Return the targets of several batches as those of one, in their order."""
        return concatenate(batches, 0)

    @classmethod
    def chosen(cls, targets: Any, indices: "Tensor") -> Any:
        """Return the targets of some images of a batch, in the order of the indices."""
        return targets[indices]

    @classmethod
    def mixed(cls, targets: "Tensor | InstanceTargets", fractions_B: "Tensor", classes: int) -> "Tensor":
        """Return the targets of images that show some of the next one in the batch; after the last comes the first.

        Args:
            targets: of the images before that, on any device.
            fractions_B: how much of each is the next one's, on that device.
            classes: how many there are.

        Raises:
            TypeError: when such targets cannot be mixed.
        """
        raise TypeError(f"images with {cls.plural} cannot be mixed in their batch")

    @classmethod
    @abstractmethod
    def blank(cls, images_BHW3: "Tensor") -> "Tensor | InstanceTargets":
        """Return targets of the right shape for a batch, on its device, to time a step with."""

    # of a data set

    def renumbered(self, index_of: Sequence[int | None], classes: int) -> Self | None:
        """Return the target in another order of classes, None where nothing is left of it.

        Args:
            index_of: the new index of each class; None for one that is left out.
            classes: how many there are in the new order.

        Raises:
            DataError: when such targets cannot be given another one.
        """
        if list(index_of) == list(range(classes)):
            return self
        raise DataError(f"{self.plural} cannot be put in the order of the model's classes; give data in that order")

    @classmethod
    def with_classes(
        cls,
        targets: Sequence[Self],
        class_names: tuple[str, ...],
        class_order: Sequence[str] | None,
        source: str,
    ) -> "tuple[Sequence[Self], tuple[str, ...], tuple[Problem, ...]]":
        """Return the usable targets with the class indices of the final classes, their names, and what to tell.

        Args:
            targets: of the usable images.
            class_names: the data format's, in the order of its class indices.
            class_order: names in label order, where the user gives some.
            source: where the data come from, for messages.

        Raises:
            DataError: when a class that occurs is not among them.
        """
        return targets, class_names, ()

    @classmethod
    def require_usable(cls, targets: Sequence[Self], findings: "Sequence[Finding]", source: str) -> None:
        """Check that what can be used of the data suffices to learn from.

        Args:
            targets: of the usable images.
            findings: what was found while they were placed.
            source: where the data come from, for messages.

        Raises:
            DataError: when it does not, saying what to do.
        """

    @classmethod
    def class_problems(cls, dataset: "Dataset") -> "Iterator[Problem]":
        """Yield a problem for classes that occur in no image, or in a single one."""
        from visionft.data.records import Problem  # which names this class

        images = Counter(label for sample in dataset.samples for label in sample.target.classes)
        for label, name in enumerate(dataset.class_names):
            if images[label] == 0:
                yield Problem(name, f"the class {cls.unseen}")
            elif images[label] == 1:
                yield Problem(name, "the class has one image, which can be learned or tested but not both")

    @classmethod
    def problems(cls, dataset: "Dataset") -> "Iterator[Problem]":
        """Yield what else a person should know about the targets of a data set with splits."""
        yield from ()


def concatenate(batches: "Sequence[Tensor]", padding: float | Sequence[float]) -> "Tensor":
    """Put tensors together on axis 0, filled up on the others to the longest."""
    lengths = [max(of_axis) for of_axis in zip(*(batch.shape[1:] for batch in batches), strict=True)]
    together = batches[0].new_tensor(padding).expand(sum(map(len, batches)), *lengths).clone()
    start = 0
    for batch in batches:
        together[(slice(start, start + len(batch)), *map(slice, batch.shape[1:]))] = batch
        start += len(batch)
    return together

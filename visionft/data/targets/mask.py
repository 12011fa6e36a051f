"""A class for every pixel.

Shape suffixes: B batch, H height, W width.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.data.checks.bad_files import MaskError
from visionft.data.listing import LabelOptions
from visionft.data.naming import some
from visionft.data.records import Dataset, Problem
from visionft.data.targets.base import CanvasTarget, Target
from visionft.data.targets.python_values import as_python
from visionft.data.targets.raw import OpenedImage, RawTargets, Resolved
from visionft.data.turning import is_stored_size
from visionft.imaging import cut_window, mask_to_canvas
from visionft.imaging.orientation import TURNS
from visionft.imaging.python_images import is_pil
from visionft.spec import InputSpec

if TYPE_CHECKING:
    from torch import Tensor

    from visionft.batch import InstanceTargets


class MaskSource(Protocol):
    """Where the classes of an image's pixels are stored. Pickles, and compares by value."""

    def read(self) -> NDArray[np.uint8]:
        """Return class indices 0..K-1 and ``IGNORE``, of the image's (height, width).

        Raises:
            DataError: naming the file, when it cannot be read or holds a value that stands for no class.
        """
        ...


@dataclass(frozen=True, slots=True)
class Renumbered:
    """A mask in another order of classes.

    Attributes:
        source: reads it.
        index_of: the new index of each class; None where its pixels are ignored.
    """

    source: MaskSource
    index_of: tuple[int | None, ...]

    def read(self) -> NDArray[np.uint8]:
        """Read the mask and give every pixel its new index."""
        table = np.full(IGNORE + 1, IGNORE, np.uint8)
        table[: len(self.index_of)] = [IGNORE if index is None else index for index in self.index_of]
        new_HW: NDArray[np.uint8] = table[self.source.read()]
        return new_HW


@dataclass(frozen=True, slots=True)
class Turned:
    """A mask of a stored picture, turned upright with it.

    Attributes:
        source: reads it.
        orientation: EXIF orientation 1..8 of the picture.
    """

    source: MaskSource
    orientation: int

    def read(self) -> NDArray[np.uint8]:
        """Read the mask and turn it."""
        turn, mask_HW = TURNS[self.orientation], self.source.read()
        return np.ascontiguousarray(np.flip(mask_HW.T if turn.transposed else mask_HW, turn.flipped))


@dataclass(frozen=True, slots=True)
class Resized:
    """A mask of another size than its image, of the same shape: each pixel has the class that is at its centre.

    Attributes:
        source: reads it.
        size: (width, height) of the image.
    """

    source: MaskSource
    size: tuple[int, int]

    def read(self) -> NDArray[np.uint8]:
        """Read the mask and give it the image's size."""
        mask_HW = self.source.read()
        rows, columns = (
            (2 * np.arange(side) + 1) * stored // (2 * side)
            for side, stored in zip(self.size[::-1], mask_HW.shape, strict=True)
        )
        resized_HW: NDArray[np.uint8] = mask_HW[rows[:, None], columns]
        return resized_HW


@dataclass(frozen=True, slots=True)
class RawMask:
    """Where the mask of an image should be, in the data format's class indices.

    Attributes:
        source: reads it.
        may_be_resized: whether one of another size, and the image's shape, is brought to the image's size.
    """

    source: MaskSource
    may_be_resized: bool = False

    @property
    def stratum(self) -> None:
        """None: a mask shows several classes."""
        return

    def resolve(self, image: OpenedImage, class_names: tuple[str, ...]) -> Resolved:
        """Read the mask, check its size and count its pixels.

        One that has the size of the stored picture, and not of the upright one, is turned with it.

        Raises:
            DataError: naming the file, when it cannot be used.
        """
        mask_HW = self.source.read()
        width, height = image.size
        counts = np.bincount(mask_HW.ravel(), minlength=IGNORE + 1)
        pixels = _pixels(counts)
        stated = mask_HW.shape[1], mask_HW.shape[0]
        if is_stored_size(stated, image.size, image.orientation):
            return Resolved(Mask(Turned(self.source, image.orientation), pixels))
        if mask_HW.shape != (height, width):
            resized = "they must be the same: set data.mask_size=resize, or resize the mask, with nearest neighbour"
            alike = abs(mask_HW.shape[0] * width - mask_HW.shape[1] * height) < max(width, height) / 2
            if alike and self.may_be_resized:
                source = Resized(self.source, image.size)
                counts = np.bincount(source.read().ravel(), minlength=IGNORE + 1)
                return Resolved(Mask(source, _pixels(counts)), unsure=image.turned_within_its_size)
            advice = resized if alike else "they must be the same: look whether the mask belongs to this image"
            sizes = f"{mask_HW.shape[1]} x {mask_HW.shape[0]} pixels, the image {width} x {height}"
            raise MaskError(f"the mask has {sizes}; {advice}", f"the mask has another size than the image; {advice}")
        return Resolved(Mask(self.source, pixels), unsure=image.turned_within_its_size)


def _pixels(counts: NDArray[np.intp]) -> dict[int, int]:
    """Return class -> pixels, those that are ignored and classes without any left out."""
    return {label: int(counts[label]) for label in np.flatnonzero(counts[:IGNORE]).tolist()}


@dataclass(frozen=True, slots=True, eq=False)
class CanvasMask(CanvasTarget):
    """The mask of a canvas.

    Attributes:
        mask_HW: class indices and ``IGNORE``; None where the pixels are elsewhere.
    """

    mask_HW: NDArray[np.uint8] | None = None

    @classmethod
    def collate(cls, items: Sequence[Self], pixels_BHW: "Tensor | None" = None) -> "Tensor":
        """Return masks_BHW, uint8 class indices and ``IGNORE``."""
        import torch

        if pixels_BHW is not None:
            return pixels_BHW
        return torch.from_numpy(np.stack([item.mask_HW for item in items if item.mask_HW is not None]))

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """The mask."""
        return self.mask_HW

    def with_pixels(self, pixels_HW: NDArray[np.uint8] | None) -> Self:
        """Replace the mask."""
        return type(self)(pixels_HW)

    def placed(self, original_size: tuple[int, int], spec: InputSpec) -> Self:
        """Put the mask where the image is put; ``IGNORE`` is where there is none."""
        return self if self.mask_HW is None else type(self)(mask_to_canvas(self.mask_HW, spec))

    def cut(self, corner: tuple[int, int], spec: InputSpec) -> Self:
        """Cut a window out; ``IGNORE`` is beyond the image."""
        return self if self.mask_HW is None else type(self)(cut_window(self.mask_HW, corner, spec))

    @property
    def nbytes(self) -> int:
        """A byte for every pixel."""
        return 0 if self.mask_HW is None else self.mask_HW.nbytes


@dataclass(frozen=True, slots=True)
class Mask(Target):
    """The mask of an image, which is read when it is needed.

    Attributes:
        source: reads it.
        class_counts: class index -> pixels, classes without any left out.
    """

    noun: ClassVar[str] = "pixel"
    singular: ClassVar[str] = "mask"
    plural: ClassVar[str] = "masks"
    usable: ClassVar[str] = "can be used with its mask"
    unseen: ClassVar[str] = "has no pixel in any mask"
    upright: ClassVar[str] = "masks' sizes"
    has_pixels: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = ("ignore", "mask_threshold", "mask_size")

    source: MaskSource
    class_counts: Mapping[int, int] = field(default_factory=dict)

    def fingerprint(self) -> object:
        """Return the pixels of each class: masks that count alike pass for the same."""
        return sorted(self.class_counts.items())

    def renumbered(self, index_of: Sequence[int | None], classes: int) -> Self:
        """Return the mask with new class indices; pixels of a class that is left out are ignored."""
        counts = {index: count for old, count in self.class_counts.items() if (index := index_of[old]) is not None}
        return replace(self, source=Renumbered(self.source, tuple(index_of)), class_counts=counts)

    def read(self, size: tuple[int, int]) -> CanvasMask:
        """Read the mask."""
        return CanvasMask(self.source.read())

    def unread(self, size: tuple[int, int], spec: InputSpec) -> CanvasMask:
        """Return what is without a mask for the moment."""
        return CanvasMask()

    def difference(self, other: Self, class_names: Sequence[str]) -> str:
        """Compare the pixels of each class."""
        return "" if self.class_counts == other.class_counts else "another mask"

    @classmethod
    def is_stated_by(cls, value: Any) -> bool:
        """Say whether a value is a plane of whole numbers, an image of PIL, or the path of a mask."""
        if isinstance(value, Path) or is_pil(value):
            return True
        array = as_python(value)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in ("b", "i", "u"):
            return False
        return array.ndim == 2 or (array.ndim == 3 and array.shape[0] == 1)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], options: LabelOptions) -> RawTargets:
        """Take the mask of each image: an array (H, W), an image of PIL, or the path of a file; see ``Target``."""
        from visionft.data.formats.masks.in_memory import raw_masks  # which names this class

        return raw_masks(values, options)

    @classmethod
    def pixels_of(cls, targets: "Tensor | InstanceTargets") -> "Tensor":
        """Return masks_BHW, which are all there is."""
        import torch

        if not isinstance(targets, torch.Tensor):
            raise TypeError(f"masks_BHW are a tensor, and no {type(targets).__name__}")
        return targets

    @classmethod
    def with_pixels(cls, targets: "Tensor | InstanceTargets", pixels_BHW: "Tensor") -> "Tensor":
        """Return the new masks."""
        return pixels_BHW

    @classmethod
    def blank(cls, images_BHW3: "Tensor") -> "Tensor":
        """Return masks_BHW, all zero."""
        return images_BHW3.new_zeros(images_BHW3.shape[:3])

    @classmethod
    def problems(cls, dataset: Dataset) -> Iterator[Problem]:
        """Yield a problem for masks that teach nothing."""
        ignored = [sample.id for sample in dataset.samples if not sample.target.class_counts]
        if ignored:
            yield Problem("masks", f"{len(ignored)} are ignored in every pixel, so they teach nothing: {some(ignored)}")
        first = dataset.class_names[0]
        plain = [sample.id for sample in dataset.samples if sample.target.classes == (0,)]
        if plain:
            yield Problem("masks", f"{len(plain)} of {len(dataset.samples)} hold nothing but {first!r}: {some(plain)}")

"""Labelled images, and a data set as the formats read it."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.augment_params import AugmentParams
from visionft.data.splits import SPLITS, Split
from visionft.data.targets.base import CanvasTarget, Target
from visionft.errors import UnknownName
from visionft.imaging.pixels import ImageSource
from visionft.spec import FULL_SCALE, Reading


@dataclass(frozen=True, slots=True)
class Sample:
    """One image and what is to be learned from it.

    Attributes:
        id: stable name inside the data set, a relative path with forward slashes; seeds and reports use it.
        image: where the image file is, or the image itself.
        target: what is to be learned, in the frame of the upright image.
        split: which part of the data it belongs to.
        size: (width, height) in pixels of the upright image; (0, 0) when nobody looked.
        reading: how the values of its file are read, where it is shown; networks see it by their ``InputSpec``.
    """

    id: str
    image: ImageSource
    target: Target
    split: Split
    size: tuple[int, int] = (0, 0)
    reading: Reading = FULL_SCALE


class Example(NamedTuple):
    """A sample on the canvas.

    Attributes:
        image_HW3: uint8 RGB.
        target: what is to be learned from it.
        params: what is still to happen to image and mask, on the device that trains; objects have moved already.
    """

    image_HW3: NDArray[np.uint8]
    target: CanvasTarget
    params: AugmentParams = AugmentParams()


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
        target: the class of the samples' targets.
        problems: files left out and other findings, in the order they were met.
        source: where it came from, licence included where one is known.
        palette: colour (RGB, 0..255) of each class where the data have their own; else empty.
        cut: the splits that the data do not state, so that they were cut off at a fraction.
        reading: how the values of image files are read, as stated or as the training images show.
    """

    name: str
    samples: tuple[Sample, ...]
    class_names: tuple[str, ...]
    target: type[Target]
    problems: tuple[Problem, ...] = ()
    source: str = ""
    palette: tuple[tuple[int, int, int], ...] = ()
    cut: tuple[Split, ...] = ()
    reading: Reading = FULL_SCALE

    @property
    def measured(self) -> Split:
        """The part to measure where none is named: test, or validation where test has nothing that can be measured."""
        return "test" if any(sample.target.measurable for sample in self.split("test")) else "val"

    def split(self, split: Split) -> tuple[Sample, ...]:
        """Return the samples of one part, ordered by id.

        Raises:
            UnknownName: when there is no such part.
        """
        if split not in SPLITS:
            raise UnknownName("part of the data", split, SPLITS)
        return tuple(sample for sample in self.samples if sample.split == split)

    def image_counts(self, split: Split) -> dict[str, int]:
        """Return in how many samples of one part each class occurs, zeros included."""
        counter = Counter(label for sample in self.split(split) for label in sample.target.classes)
        return {name: counter[label] for label, name in enumerate(self.class_names)}

    def class_counts(self, split: Split) -> list[int]:
        """Return how much of each class one part has, in the noun of its targets: images, pixels or objects."""
        counter: Counter[int] = Counter()
        for sample in self.split(split):
            counter.update(sample.target.class_counts)
        return [counter[label] for label in range(len(self.class_names))]

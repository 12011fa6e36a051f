"""Several canvases with objects made into one, for detection and instance segmentation.

Sources: mosaic, Bochkovskiy et al. 2020, arXiv:2004.10934, section 3.3; mixup of images with objects, Zhang et al.
2019, arXiv:1902.04103, section 3.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from visionft.data.records import Example
from visionft.seeds import derive_seed, unit_interval


@dataclass(frozen=True, slots=True)
class Mixing:
    """How often a training canvas is made of several; a pure function of what it is called with.

    Attributes:
        mosaic: probability that a canvas shows parts of four samples.
        mixup: probability that two canvases shine through each other; the first may be a mosaic.
    """

    mosaic: float = 0.0
    mixup: float = 0.0

    def __call__(self, example: Example, other: Callable[[int], Example], seed: int) -> Example:
        """Return a canvas that shows the example and perhaps others.

        Args:
            example: a canvas with objects.
            other: draws another canvas of the same size, by a seed.
            seed: decides everything.

        Returns:
            A canvas of the same size; the example itself when nothing happens.
        """
        if unit_interval(seed, "mosaic?") < self.mosaic:
            others = [other(derive_seed(seed, "mosaic", number)) for number in range(3)]
            example = mosaic([example, *others], derive_seed(seed, "mosaic"))
        if unit_interval(seed, "mixup?") < self.mixup:
            example = mixup(example, other(derive_seed(seed, "mixup", "other")), derive_seed(seed, "mixup"))
        return example


def mosaic(examples: Sequence[Example], seed: int) -> Example:
    """Return a canvas whose quarters, around a drawn point, each show part of another canvas.

    Each part is between as small as fills its quarter and its own size, and cut where it is drawn to be.

    Args:
        examples: four canvases of one size, with objects.
        seed: decides the point, sizes and cuts.
    """
    height, width = examples[0].image_HW3.shape[:2]
    x = round(width * (0.3 + 0.4 * unit_interval(seed, "x")))
    y = round(height * (0.3 + 0.4 * unit_interval(seed, "y")))
    quarters = [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]
    image_HW3 = np.empty_like(examples[0].image_HW3)
    parts = []
    for number, (example, (left, top, right, bottom)) in enumerate(zip(examples, quarters, strict=True)):
        part = _part(example, (right - left, bottom - top), derive_seed(seed, number))
        image_HW3[top:bottom, left:right] = part.image_HW3
        parts.append(part.target.shifted(left, top))
    return Example(image_HW3, parts[0].joined(parts[1:]))


def mixup(one: Example, other: Example, seed: int) -> Example:
    """Return the weighted mean of two canvases, with the objects of both.

    Boxes have no weights, so that neither image may vanish: each has a weight of 0.4 to 0.6.

    Args:
        one: a canvas with objects.
        other: another of the same size.
        seed: decides the weights.
    """
    mixup_lambda = 0.4 + 0.2 * unit_interval(seed, "share")
    image_HW3 = cv2.addWeighted(one.image_HW3, mixup_lambda, other.image_HW3, 1 - mixup_lambda, 0.0)
    return Example(image_HW3.astype(np.uint8, copy=False), one.target.joined([other.target]))


def _part(example: Example, size: tuple[int, int], seed: int) -> Example:
    """Return a part of (width, height), and its objects in its own frame."""
    (high, wide), (width, height) = example.image_HW3.shape[:2], size
    least = max(width / wide, height / high)
    factor = least + (1 - least) * unit_interval(seed, "size")
    shrunk = (max(width, round(wide * factor)), max(height, round(high * factor)))
    x = int(unit_interval(seed, "x") * (shrunk[0] - width + 1))
    y = int(unit_interval(seed, "y") * (shrunk[1] - height + 1))
    image_HW3 = cv2.resize(example.image_HW3, shrunk, interpolation=cv2.INTER_AREA)
    matrix = np.array([[shrunk[0] / wide, 0.0, -x], [0.0, shrunk[1] / high, -y], [0.0, 0.0, 1.0]])
    part_HW3 = image_HW3[y : y + height, x : x + width].astype(np.uint8, copy=False)
    return Example(part_HW3, example.target.moved(matrix, size))

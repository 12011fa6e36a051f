"""What one image adds to the metrics of segmentation.

Shape suffixes: H height, W width, K classes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.errors import DataError
from visionft.metrics.scores import Ints
from visionft.tasks.segmentation.boundary import Labels, count_boundaries, squared_tolerance

_VALUES = 256  # of an uint8


@dataclass(frozen=True, slots=True, eq=False)
class ImageCounts:
    """How the pixels of an image were classified; counts of several images add up.

    Attributes:
        confusion_KK: pixels, ignored ones left out; rows are true classes, columns are predicted ones.
        boundary_4K: boundary pixels: true ones, those found, predicted ones, those right.
    """

    confusion_KK: Ints
    boundary_4K: Ints


def count_image(target_HW: NDArray[np.uint8], predicted_HW: NDArray[np.uint8], classes: int) -> ImageCounts:
    """Compare a predicted label map with the true one.

    Args:
        target_HW: uint8 class indices 0..classes - 1 and ``IGNORE``.
        predicted_HW: uint8 class indices 0..classes - 1; anything where the truth is ``IGNORE``.
        classes: number of classes, 1..255.

    Returns:
        The counts.

    Raises:
        DataError: when the arrays are not what is said above.
    """
    confusion_KK = count_confusion(target_HW, predicted_HW, classes)  # first, because it looks at the values
    tolerance = squared_tolerance(*target_HW.shape)
    return ImageCounts(confusion_KK, count_boundaries(target_HW, predicted_HW, classes, tolerance))


def count_confusion(target_HW: NDArray[np.uint8], predicted_HW: NDArray[np.uint8], classes: int) -> Ints:
    """Count the pixels of each pair of true and predicted class: all that ``quick_segmentation`` needs.

    Args:
        target_HW: uint8 class indices 0..classes - 1 and ``IGNORE``.
        predicted_HW: uint8 class indices 0..classes - 1; anything where the truth is ``IGNORE``.
        classes: number of classes, 1..255.

    Returns:
        confusion_KK, int64.

    Raises:
        DataError: when the arrays are not what is said above.
    """
    _check_maps(target_HW, predicted_HW)
    pairs_HW = (target_HW.astype(np.uint16) << 8) | predicted_HW
    pairs = np.bincount(pairs_HW.ravel(), minlength=_VALUES**2).reshape(_VALUES, _VALUES)
    confusion_KK: Ints = pairs[:classes, :classes].copy()  # the rest of the table is not kept alive
    outside = {"truth": pairs[classes:IGNORE].sum(axis=1), "prediction": pairs[:classes, classes:].sum(axis=0)}
    for name, counts in outside.items():
        if counts.any():
            allowed = f"0..{classes - 1}" + (f" and {IGNORE}" if name == "truth" else "")
            raise DataError(f"{name}: class {classes + int(counts.argmax())} found; allowed are {allowed}")
    return confusion_KK


def _check_maps(target_HW: Labels, predicted_HW: Labels) -> None:
    maps: tuple[NDArray[Any], NDArray[Any]] = (target_HW, predicted_HW)
    same = target_HW.shape == predicted_HW.shape
    if not (same and target_HW.ndim == 2 and target_HW.size and all(labels.dtype == np.uint8 for labels in maps)):
        found = " and ".join(f"{labels.dtype} {labels.shape}" for labels in maps)
        raise DataError(f"label maps: {found} found; allowed are two uint8 (height, width) of the same size")

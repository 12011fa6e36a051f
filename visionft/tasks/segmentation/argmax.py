"""The class with the largest value at each pixel, one class in memory at a time.

Shape suffixes: H height, W width.
"""

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.float32, np.uint32)


def argmax(values: Iterable[NDArray[Number]]) -> NDArray[np.uint8]:
    """Return the index of the largest value at each pixel; the first of equals wins.

    Args:
        values: values_HW of class 0, 1, ...; at least one and at most 255 of them.
    """
    remaining = iter(values)
    best_HW = next(remaining).copy()
    mask_HW = np.zeros(best_HW.shape, np.uint8)
    for index, values_HW in enumerate(remaining, start=1):
        better_HW = values_HW > best_HW
        np.copyto(mask_HW, np.uint8(index), where=better_HW)
        np.maximum(best_HW, values_HW, out=best_HW)
    return mask_HW

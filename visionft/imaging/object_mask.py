"""The pixels of one object in an image: a small picture and where it lies.

Shape suffixes: h, w rows and columns of the object's part of the image.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ObjectMask:
    """The pixels of one object.

    Attributes:
        left: column of the first pixel in the image.
        top: row of the first pixel in the image.
        pixels_hw: bool, which pixels from there on are the object's; the part lies inside the image, and may be empty.
    """

    left: int
    top: int
    pixels_hw: NDArray[np.bool_]

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.pixels_hw))

    def whole(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the mask of an image of (width, height)."""
        mask_HW = np.zeros((size[1], size[0]), np.bool_)
        height, width = self.pixels_hw.shape
        mask_HW[self.top : self.top + height, self.left : self.left + width] = self.pixels_hw
        return mask_HW

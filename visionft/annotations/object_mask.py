"""The pixels of one object in an image: a small picture and where it lies.

Shape suffixes: H, W rows and columns of the image, h, w those of the object's part of it.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

MASK_SIDE = 56
"""Cells along each side of an object's mask, of which its box is made: twice those of Mask R-CNN (arXiv:1703.06870)."""


class ObjectMask:
    """The pixels of one object; compact, so that those of a whole data set fit in memory. Pickles.

    Masks are equal when their parts are: the same pixels of the image with another margin around are another mask.

    Args:
        left: column of the first pixel in the image.
        top: row of the first pixel in the image.
        pixels_hw: bool, which pixels from there on are the object's; the part lies inside the image, and may be empty.

    Attributes:
        left: as given.
        top: as given.
        shape: (height, width) of the part.
        area: number of the object's pixels.
    """

    __slots__ = ("_deflated", "area", "left", "shape", "top")

    def __init__(self, left: int, top: int, pixels_hw: NDArray[np.bool_]) -> None:
        self.left = left
        self.top = top
        self.shape: tuple[int, int] = (pixels_hw.shape[0], pixels_hw.shape[1])
        self.area = int(np.count_nonzero(pixels_hw))
        self._deflated = zlib.compress(np.packbits(pixels_hw).tobytes(), level=1)

    @classmethod
    def of(cls, mask_HW: NDArray[np.bool_]) -> "ObjectMask":
        """Return the pixels of a mask of the whole image, without the margin around them."""
        rows, columns = (np.flatnonzero(mask_HW.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return cls(0, 0, np.zeros((0, 0), np.bool_))
        top, left = int(rows[0]), int(columns[0])
        return cls(left, top, mask_HW[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1])

    @property
    def pixels_hw(self) -> NDArray[np.bool_]:
        """The part, unpacked anew each time."""
        height, width = self.shape
        bits = np.frombuffer(zlib.decompress(self._deflated), np.uint8)
        return np.unpackbits(bits, count=height * width).reshape(height, width).astype(np.bool_)

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of the part, half-open, in pixels of the image."""
        height, width = self.shape
        return self.left, self.top, self.left + width, self.top + height

    def whole(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the mask of an image of (width, height)."""
        mask_HW = np.zeros((size[1], size[0]), np.bool_)
        height, width = self.shape
        mask_HW[self.top : self.top + height, self.left : self.left + width] = self.pixels_hw
        return mask_HW

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ObjectMask):
            return NotImplemented
        mine, theirs = ((mask.left, mask.top, mask.shape, mask._deflated) for mask in (self, other))
        return mine == theirs

    def __hash__(self) -> int:
        return hash((self.left, self.top, self.shape, self._deflated))

    def __repr__(self) -> str:
        height, width = self.shape
        return f"ObjectMask({width} x {height} at ({self.left}, {self.top}), {self.area} pixels)"

"""An image that lies in memory, and stands wherever an image file does.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.spec import FULL_SCALE, Reading


class Pixels:
    """An image in memory, upright. Pickles; images of the same pixels are equal.

    Args:
        array: uint8, RGB (H, W, 3) or grey (H, W); of a mask, (H, W) of 8 or 16 bits. It is not copied, and must not
            be changed as long as this is in use.
        name: what messages and pages call it.
    """

    def __init__(self, array: NDArray[Any], name: str) -> None:
        self.array = np.ascontiguousarray(array)
        self.name = name

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        height, width = self.array.shape[:2]
        return f"Pixels({self.name}, {width} x {height})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pixels) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)

    @cached_property
    def content(self) -> str:
        """A 128-bit hash of shape and pixels, as hexadecimal text."""
        digest = blake2b(str(self.array.shape).encode(), digest_size=16)
        digest.update(self.array.data)
        return digest.hexdigest()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.array.shape[1], self.array.shape[0]

    def read(self, reading: Reading = FULL_SCALE) -> NDArray[np.uint8]:  # noqa: ARG002  # 8 bits are what they are
        """Return the pixels as an array of their own, (H, W, 3), as an image file is decoded."""
        if self.array.ndim == 2:  # a grey image means the same with its channel repeated
            return np.repeat(self.array[:, :, None], 3, axis=2)
        return self.array.astype(np.uint8)  # a copy


ImageSource: TypeAlias = Path | Pixels
"""Where an image is: in a file, or in memory."""


def require_file(image: ImageSource) -> Path:
    """Return the path of an image that is known to be a file.

    Raises:
        TypeError: when it lies in memory.
    """
    if isinstance(image, Pixels):
        raise TypeError(f"{image}: lies in memory, and is no file")
    return image

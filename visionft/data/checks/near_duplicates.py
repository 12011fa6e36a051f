"""Images that look almost the same, such as neighbouring frames of a video or re-encoded copies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_BITS_APART = 2  # of 64: finds candidates among many images at once
_CORRELATION = 0.97  # of the thumbnails: tells another photograph of the same kind of thing from the same picture
_CANDIDATES = 50  # of one image; more only where a whole set looks alike
_FLATTEST = 8  # grey levels between the darkest and brightest part; less shows nothing to compare
_SIDE = 32
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Appearance:
    """What hardly changes when an image is encoded again, resized or made brighter.

    Attributes:
        bits: 64, whether a cell of an 8 x 9 grid is darker than its right neighbour (dHash).
        thumbnail: 32 x 32 uint8 grey levels.
    """

    bits: int
    thumbnail: bytes


def appearance_of(image_HW3: NDArray[np.uint8]) -> Appearance | None:
    """Return what an image looks like, None where it shows nothing to compare.

    Args:
        image_HW3: uint8 RGB, of any size.
    """
    small = cv2.resize(image_HW3, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    thumbnail = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    grid = cv2.resize(thumbnail, (9, 8), interpolation=cv2.INTER_AREA)
    if int(grid.max()) - int(grid.min()) < _FLATTEST:
        return None
    bits = int.from_bytes(np.packbits(grid[:, 1:] > grid[:, :-1]).tobytes(), "big")
    return Appearance(bits, thumbnail.tobytes())


def alike(images: Sequence[Appearance], others: Sequence[Appearance]) -> Iterator[tuple[int, int]]:
    """Yield (index, index of the one among the others that it looks most like) of every image that has one."""
    other_bits = np.array([other.bits for other in others], np.uint64)
    for start in range(0, len(images), _BLOCK):
        image_bits = np.array([image.bits for image in images[start : start + _BLOCK]], np.uint64)
        close = np.bitwise_count(image_bits[:, None] ^ other_bits) <= _BITS_APART
        for row in np.flatnonzero(close.any(axis=1)).tolist():
            candidates = np.flatnonzero(close[row])[:_CANDIDATES].tolist()
            scores = _normal([others[at] for at in candidates]) @ _normal([images[start + row]])[0]
            if scores.max() >= _CORRELATION:
                yield start + row, candidates[int(scores.argmax())]


def _normal(looks: Sequence[Appearance]) -> NDArray[np.float64]:
    """Return the thumbnails as rows of mean 0 and length 1."""
    rows = np.array([np.frombuffer(look.thumbnail, np.uint8) for look in looks], np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    normal: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normal

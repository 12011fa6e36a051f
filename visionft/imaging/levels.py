"""From the values that a file holds to 8 bits, and what they tell about their full scale and their fourth channel.

Cameras of 10, 12 or 14 bits store their values in 16; divided by 257, such an image is nearly black. The range of
values is therefore stated, or found once in the training images, and a value v of a range [low, high] becomes
(v - low) * 255 / (high - low), rounded; what lies beyond is cut off.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.errors import ImageError

DEPTHS = (8, 10, 12, 14)
"""Bits that cameras and microscopes have, and that are stored in 16."""

_HALF = 0.5  # of the pixels; where more are neither clear nor opaque, a fourth channel is hardly opacity
_MANY = 32  # levels of a fourth channel that is opaque nowhere
_NEAR = 8  # levels at either end that count as clear and as opaque


def to_8_bits(pixels: NDArray[np.generic], values: tuple[float, float] | None = None) -> NDArray[np.uint8]:
    """Scale values to 8 bits; 8 bits stay.

    Args:
        pixels: of any shape.
        values: what becomes black and white; None is the full scale of 16 bits.

    Raises:
        ImageError: for values that have no full scale, and NaN.
    """
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    if values is None:
        if pixels.dtype == np.uint16:
            scaled = cv2.convertScaleAbs(pixels.astype(np.uint16, copy=False), alpha=1 / 257)
            return scaled.astype(np.uint8, copy=False).reshape(pixels.shape)
        raise ImageError(
            f"holds {pixels.dtype} values, which have no fixed full scale; convert it to 8 or 16 bits, or say which "
            "values are black and white, such as data.range: [0, 1]"
        )
    if pixels.dtype == np.uint16:
        return _table(*values)[pixels.astype(np.uint16, copy=False)]
    if not np.isfinite(pixels.astype(np.float64)).all():
        raise ImageError("holds NaN or infinity")
    return _scaled(pixels.astype(np.float64), *values)


@lru_cache(maxsize=4)
def _table(low: float, high: float) -> NDArray[np.uint8]:
    return _scaled(np.arange(1 << 16, dtype=np.float64), low, high)


def _scaled(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    return np.rint(np.clip((values - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)


def bits_of(high: float) -> int:
    """Return the least depth in ``DEPTHS`` that has a value, 16 where none has."""
    return next((bits for bits in DEPTHS if high < 1 << bits), 16)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the values of an image tell.

    Attributes:
        high: the largest, of files with more than 8 bits; None of others.
        alpha: ``none``, plainly an ``opacity``, or ``odd``.
    """

    high: float | None = None
    alpha: Literal["none", "opacity", "odd"] = "none"


def see(colours: NDArray[np.generic], alpha: NDArray[np.generic] | None) -> Seen:
    """Return what values tell, given colours of (H, W) or (H, W, 3) and the fourth channel."""
    deep = colours.dtype != np.uint8
    high = float(colours.astype(np.float64).max()) if deep else None
    if alpha is None:
        return Seen(high)
    return Seen(high, "odd" if _is_odd(colours, to_8_bits(alpha)) else "opacity")


def _is_odd(colours: NDArray[np.generic], alpha_HW: NDArray[np.uint8]) -> bool:
    """Return whether a fourth channel is hardly opacity.

    It is not where most pixels are neither clear nor opaque, where none is opaque although there are many levels, and
    where everything would be invisible although there is something to see.
    """
    counts = np.bincount(alpha_HW.ravel(), minlength=256)
    levels = np.flatnonzero(counts)
    if len(levels) == 1:
        return bool(levels[0] == 0 and colours.min() != colours.max())
    between = counts[_NEAR : 256 - _NEAR].sum() / counts.sum()
    return bool(len(levels) > _MANY and (between > _HALF or levels[-1] < 256 - _NEAR))

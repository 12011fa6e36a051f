"""What OpenCV's filters take from which pixels, as numbers: for those who resize elsewhere, as ``imaging.canvas`` does.

Along each axis, every pixel of the result is a sum of a few weighted pixels.

Shape suffixes: T pixels of the result along an axis, K of the original that each of them takes something from.
"""

from functools import lru_cache
from math import ceil
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

BITS = 11
"""OpenCV's bilinear filter counts in units of 1 / 2^11."""

_LEAST = 1e-3  # fraction of a pixel below which OpenCV's averages leave it out
_SHARPNESS = -0.75  # of OpenCV's bicubic filter: the parameter a of Keys' kernel
_KEPT = 2048  # pairs of sizes


class FilterWeights(NamedTuple):
    """The pixels of an axis that each pixel of the result takes something from.

    Attributes:
        places_TK: int64, which.
        weights_TK: how much of each.
    """

    places_TK: NDArray[np.int64]
    weights_TK: NDArray[np.float32]


class WholeFilterWeights(NamedTuple):
    """``FilterWeights`` with int32 weights in units of 1 / 2^``BITS``."""

    places_TK: NDArray[np.int64]
    weights_TK: NDArray[np.int32]


@lru_cache(_KEPT)
def area_weights(source: int, target: int, *, whole: bool = False) -> FilterWeights:
    """Return how averages of areas shrink an axis.

    Args:
        source: pixels of the original.
        target: pixels of the result, at most as many.
        whole: whether to sum up only, which is exact; each pixel of the result covers a whole number of others.
    """
    scale = source / target
    left_T1 = np.arange(target)[:, None] * scale
    places_TK = np.floor(left_T1).astype(np.int64) + np.arange(ceil(scale) + 1)
    covered_TK = np.minimum(left_T1 + scale, places_TK + 1) - np.maximum(left_T1, places_TK)
    covered_TK[(covered_TK <= _LEAST) | (places_TK >= source)] = 0
    if not whole:
        covered_TK /= np.minimum(scale, source - left_T1)
    return FilterWeights(places_TK.clip(max=source - 1), covered_TK.astype(np.float32))


@lru_cache(_KEPT)
def bilinear_weights(source: int, target: int) -> WholeFilterWeights:
    """Return how the bilinear filter enlarges an axis; its pixels go on beyond the edge.

    Args:
        source: pixels of the original.
        target: pixels of the result, at least as many.
    """
    first_T1, fraction_T1 = _between(source, target)
    weights_TK = np.hstack([1 - fraction_T1, fraction_T1]) * np.float32(1 << BITS)
    return WholeFilterWeights((first_T1 + np.arange(2)).clip(0, source - 1), np.rint(weights_TK).astype(np.int32))


@lru_cache(_KEPT)
def bicubic_weights(source: int, target: int, *, rough: bool = False) -> FilterWeights:
    """Return how the bicubic filter enlarges an axis; its pixels go on beyond the edge.

    Args:
        source: pixels of the original.
        target: pixels of the result, at least as many.
        rough: whether weights are rounded to units of 1 / 2^``BITS``, see ``bicubic_is_rough``.

    Source: Keys 1981, Cubic convolution interpolation for digital image processing, equation 15.
    """
    first_T1, fraction_T1 = _between(source, target)
    away_TK = np.abs(fraction_T1.astype(np.float64) - np.arange(-1, 3))
    near_TK = ((_SHARPNESS + 2) * away_TK - (_SHARPNESS + 3)) * away_TK**2 + 1
    far_TK = _SHARPNESS * (((away_TK - 5) * away_TK + 8) * away_TK - 4)
    weights_TK = np.where(away_TK <= 1, near_TK, far_TK)
    if rough:
        weights_TK = np.rint(weights_TK * (1 << BITS)) / (1 << BITS)
    return FilterWeights((first_T1 + np.arange(-1, 3)).clip(0, source - 1), weights_TK.astype(np.float32))


def bicubic_is_rough(size: tuple[int, int]) -> bool:
    """Return whether OpenCV enlarges an image of this size with its own bicubic filter, and not with Intel's."""
    return min(size) < 4 or not cv2.ipp.useIPP()


def _between(source: int, target: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the last pixel whose centre is not behind that of each pixel of the result, and how far that is behind."""
    centres_T1 = ((np.arange(target)[:, None] + 0.5) * (source / target) - 0.5).astype(np.float32)
    first_T1 = np.floor(centres_T1)
    return first_T1.astype(np.int64), centres_T1 - first_T1

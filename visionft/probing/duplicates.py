"""Images that are almost the same, such as re-encoded copies and neighbouring frames, told by pixels and features.

Shape suffixes: N images, D features, T pixels of a thumbnail, Q images that are asked about, H height, W width,
3 colour channels (RGB).
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from visionft.data.records import Sample
from visionft.models.linear_fit import principal_axes

_SIDE = 32
_SAME = 0.98  # correlation of the thumbnails beside what all images have in common
_LIKE = 0.9  # the same, where features are alike, too
_FEATURES = 0.9  # cosine of features when all axes vary alike
_AXES, _FEWEST_AXES = 128, 8
_IMAGES_PER_AXIS = 8  # with as many axes as images, all would be equally unlike
_FLATTEST = 1.0  # standard deviation in grey levels; less shows nothing to compare
_PER_IMAGE = 5
_COMMON = 50  # images; fewer do not tell what all of a kind have in common
_BLOCK = 1024


class Duplicate(NamedTuple):
    """Two images that are almost the same.

    Attributes:
        first: place of an image in the data set.
        second: that of the other, which is higher.
        likeness: correlation of their thumbnails beside what all images have in common, at most 1.
    """

    first: int
    second: int
    likeness: float


def thumbnail(canvas_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return grey levels of T pixels."""
    small = cv2.resize(canvas_HW3, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).ravel().astype(np.uint8, copy=False)


def find_duplicates(images_ND: Tensor, thumbnails_NT: Tensor) -> list[Duplicate]:
    """Return the pairs of images that are almost the same, the most alike first; at most five of an image.

    Thumbnails tell resized and re-encoded copies, which features may not: networks look at what encoding changes.
    Features tell copies whose colours, edges or places have changed more.

    Args:
        images_ND: features of whole images.
        thumbnails_NT: of the same images, uint8.
    """
    pixels_NT = thumbnails_NT.float()
    flat_N = pixels_NT.std(1) < _FLATTEST
    pixels_NT = pixels_NT - pixels_NT.mean(1, keepdim=True)
    if len(pixels_NT) >= _COMMON:
        pixels_NT = pixels_NT - pixels_NT[~flat_N].mean(0)
    pixels_NT = functional.normalize(pixels_NT, dim=1)
    axes_ND = principal_axes(images_ND)[:, : max(_FEWEST_AXES, min(_AXES, len(images_ND) // _IMAGES_PER_AXIS))]
    unit_ND = functional.normalize(axes_ND / axes_ND.std(0, correction=0).clamp(min=1e-6), dim=1)
    found: dict[tuple[int, int], float] = {}
    for start in range(0, len(pixels_NT), _BLOCK):
        block = slice(start, start + _BLOCK)
        likeness_QN = pixels_NT[block] @ pixels_NT.T
        same_QN = unit_ND[block] @ unit_ND.T >= _FEATURES
        likeness_QN[(likeness_QN < _SAME) & ~(same_QN & (likeness_QN >= _LIKE))] = -1.0
        likeness_QN[flat_N[block]] = -1.0
        likeness_QN[:, flat_N] = -1.0
        own = torch.arange(len(likeness_QN))
        likeness_QN[own, own + start] = -1.0
        best_QJ, at_QJ = likeness_QN.topk(min(_PER_IMAGE, len(pixels_NT)), dim=1)
        for row, column in torch.nonzero(best_QJ > 0).tolist():
            one, other = row + start, int(at_QJ[row, column])
            found[min(one, other), max(one, other)] = min(1.0, float(best_QJ[row, column]))
    pairs = [Duplicate(*pair, likeness) for pair, likeness in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.likeness, pair))


def leaks(pairs: Sequence[Duplicate], samples: Sequence[Sample]) -> int:
    """Return how many images of the validation and test parts are almost the same as one of another part."""
    held_out = set()
    for first, second, _ in pairs:
        if samples[first].split != samples[second].split:
            held_out |= {at for at in (first, second) if samples[at].split != "train"}
    return len(held_out)

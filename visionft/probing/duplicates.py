"""Images that are almost the same, such as re-encoded copies and neighbouring frames, told by features and pixels.

Shape suffixes: N images, D features, Q images that are asked about, 3 colour channels (RGB).
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
from visionft.imaging import decode
from visionft.models.linear_fit import principal_axes

_AXES, _FEWEST_AXES = 128, 8
_IMAGES_PER_AXIS = 8  # with as many axes as images, all would be equally unlike
_LIKE = 0.7  # cosine of what is left when all axes vary alike
_CORRELATION = 0.95  # of the thumbnails
_PER_IMAGE = 5
_SIDE = 32
_BLOCK = 1024


class Duplicate(NamedTuple):
    """Two images that are almost the same.

    Attributes:
        first: place of an image in the data set.
        second: that of the other, which is higher.
        likeness: correlation of their thumbnails, at most 1.
    """

    first: int
    second: int
    likeness: float


def find_duplicates(images_ND: Tensor, samples: Sequence[Sample]) -> list[Duplicate]:
    """Return the pairs of images that are almost the same, the most alike first.

    Features name pairs, whose pixels are then compared: a network may take two photographs of one kind of thing for
    the same, and small pictures of two uniform things may be alike, but hardly both.

    Args:
        images_ND: of whole images.
        samples: the same images.

    Raises:
        DataError: naming the file, when an image cannot be read any more.
    """
    thumbnails: dict[int, NDArray[np.float64] | None] = {}

    def thumbnail(at: int) -> NDArray[np.float64] | None:
        if at not in thumbnails:
            thumbnails[at] = _thumbnail(decode(samples[at].image, samples[at].reading))
        return thumbnails[at]

    found = []
    for first, second in _candidates(images_ND):
        one, other = thumbnail(first), thumbnail(second)
        if one is not None and other is not None and (likeness := float(one @ other)) >= _CORRELATION:
            found.append(Duplicate(first, second, min(1.0, likeness)))
    return sorted(found, key=lambda pair: (-pair.likeness, pair))


def _candidates(images_ND: Tensor) -> list[tuple[int, int]]:
    """Return pairs whose features are alike beside what all images have in common."""
    axes_ND = principal_axes(images_ND)[:, : max(_FEWEST_AXES, min(_AXES, len(images_ND) // _IMAGES_PER_AXIS))]
    axes_ND = axes_ND / axes_ND.std(0, correction=0).clamp(min=1e-6)
    unit_ND = functional.normalize(axes_ND, dim=1)
    pairs = set()
    for start in range(0, len(unit_ND), _BLOCK):
        likeness_QN = unit_ND[start : start + _BLOCK] @ unit_ND.T
        own = torch.arange(len(likeness_QN))
        likeness_QN[own, own + start] = -1.0
        best_Q, at_Q = likeness_QN.topk(min(_PER_IMAGE, len(unit_ND) - 1), dim=1)
        for row, column in torch.nonzero(best_Q >= _LIKE).tolist():
            one, other = row + start, int(at_Q[row, column])
            pairs.add((min(one, other), max(one, other)))
    return sorted(pairs)


def _thumbnail(image_HW3: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Return grey levels of mean 0 and length 1; None of an image that shows nothing."""
    small = cv2.resize(image_HW3, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64).ravel()
    grey -= grey.mean()
    length = float(np.linalg.norm(grey))
    return grey / length if length > _SIDE else None  # a grey level of standard deviation


def leaks(pairs: Sequence[Duplicate], samples: Sequence[Sample]) -> int:
    """Return how many images of the validation and test parts are almost the same as one of another part."""
    held_out = set()
    for first, second, _ in pairs:
        if samples[first].split != samples[second].split:
            held_out |= {at for at in (first, second) if samples[at].split != "train"}
    return len(held_out)

"""How well the outlines of regions agree, within a tolerance.

Shape suffixes: H height, W width, K classes, P boundary pixels, Q those of them not matched yet, S pixels that
may match.

A pixel is a boundary pixel of its class when one of its four neighbours is of another class; the edge of the
image is no boundary, and neither is an edge to ignored pixels, of which nobody knows what they are.
"""

from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.metrics.scores import Floats, Ints, ratio

Labels = NDArray[np.uint8]


class Boundary(NamedTuple):
    """The boundary pixels of a label map.

    Attributes:
        rows_P: their rows.
        columns_P: their columns.
        classes_P: their classes.
    """

    rows_P: Ints
    columns_P: Ints
    classes_P: Ints


def squared_tolerance(height: int, width: int) -> int:
    """Return the square of 0.75 % of the image's diagonal, in pixels and rounded down.

    Squared distances between pixels are whole numbers, so that nothing is lost by rounding.

    Source:
        Csurka et al. (2013), What is a good evaluation measure for semantic segmentation?, BMVC, section 3.
    """
    return 9 * (height**2 + width**2) // 160_000


def count_boundaries(target_HW: Labels, predicted_HW: Labels, classes: int, squared_tolerance: int) -> Ints:
    """Compare the boundaries of each class in two label maps.

    Args:
        target_HW: class indices and ``IGNORE``.
        predicted_HW: class indices; what lies under ignored pixels has no part in anything.
        classes: how many classes there are.
        squared_tolerance: the square of how many pixels apart a matching boundary pixel may be.

    Returns:
        counts_4K: true boundary pixels, those of them that have a predicted one of the same class near,
        predicted boundary pixels, those of them that have a true one near.
    """
    targets = _boundary(target_HW)
    predicted = _boundary(np.where(target_HW == IGNORE, np.uint8(IGNORE), predicted_HW))
    # A search among boundary pixels alone: distance transforms of every class's whole map take about ten times as long.
    reach = isqrt(squared_tolerance)
    targets_P, predicted_P = (_places(boundary, target_HW.shape, reach) for boundary in (targets, predicted))
    stride = target_HW.shape[1] + reach
    recalled_P = _near(targets_P, predicted_P, squared_tolerance, stride)
    right_P = _near(predicted_P, targets_P, squared_tolerance, stride)
    groups = (
        targets.classes_P,
        targets.classes_P[recalled_P],
        predicted.classes_P,
        predicted.classes_P[right_P],
    )
    return np.stack([np.bincount(group, minlength=classes) for group in groups])


def boundary_f1(counts_4K: Floats | Ints) -> Floats:
    """Return F1 per class from counts of shape (..., 4, K), NaN for classes without any boundary; shape (..., K)."""
    targets_K, recalled_K, predicted_K, right_K = np.moveaxis(counts_4K, -2, 0)
    recall_K, precision_K = (np.nan_to_num(ratio(*pair)) for pair in ((recalled_K, targets_K), (right_K, predicted_K)))
    f1_K = np.nan_to_num(ratio(2 * precision_K * recall_K, precision_K + recall_K))
    return np.where(targets_K + predicted_K > 0, f1_K, np.nan)


def _boundary(labels_HW: Labels) -> Boundary:
    boundary_HW = np.zeros(labels_HW.shape, dtype=np.bool_)
    known_HW = labels_HW != IGNORE
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = (labels_HW[one] != labels_HW[other]) & known_HW[one] & known_HW[other]
        boundary_HW[one] |= differ
        boundary_HW[other] |= differ
    rows_P, columns_P = np.divmod(np.flatnonzero(boundary_HW), labels_HW.shape[1])
    return Boundary(rows_P, columns_P, labels_HW[boundary_HW].astype(np.int64))


def _places(boundary: Boundary, shape: tuple[int, ...], reach: int) -> Ints:
    """Number the pixels class by class and row by row, with room between rows and classes for what is out of them."""
    height, width = shape
    places_P: Ints = (boundary.classes_P * (height + reach) + boundary.rows_P) * (width + reach) + boundary.columns_P
    return places_P


def _near(places_P: Ints, others_S: Ints, squared_tolerance: int, stride: int) -> NDArray[np.bool_]:
    """Return for each place whether one of the others is within the tolerance.

    Row by row, the nearest ones first, because most pixels find their match there and are then done with.
    """
    ends_S = np.append(np.sort(others_S), np.iinfo(np.int64).max)
    recalled_P = np.zeros(len(places_P), dtype=np.bool_)
    left_Q = np.argsort(places_P)  # in order, so that the search stays within the processor's cache
    reach = isqrt(squared_tolerance)
    for rows in sorted(range(-reach, reach + 1), key=abs):
        columns = isqrt(squared_tolerance - rows**2)
        from_Q = places_P[left_Q] + (rows * stride - columns)
        hit_Q = ends_S[np.searchsorted(ends_S, from_Q)] <= from_Q + 2 * columns
        recalled_P[left_Q[hit_Q]] = True
        left_Q = left_Q[~hit_Q]
    return recalled_P

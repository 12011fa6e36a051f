"""How well what has a label is ranked before what has it not, for many weightings of the same samples at once.

Shape suffixes: N samples, K labels, P samples with the label, R weightings.
"""

import numpy as np
from numpy.typing import NDArray

from visionft.metrics.scores import Floats, defined_mean, ratio

Flags = NDArray[np.bool_]


def mean_ap(scores_NK: Floats, positive_NK: Flags, weights_NR: Floats) -> Floats:
    """Return the mean over labels of ``weighted_ap``, of those for which it is defined; mean_R."""
    columns = zip(scores_NK.T, positive_NK.T, strict=True)
    return defined_mean(np.stack([weighted_ap(*column, weights_NR) for column in columns], axis=1))


def weighted_ap(scores_N: Floats, positive_N: Flags, weights_NR: Floats) -> Floats:
    """Return the average precision of one label for R weightings of the same images.

    It is the mean, over the images that have the label, of the precision when everything is believed that has at
    least the image's score; nothing is interpolated.

    Args:
        scores_N: of the label.
        positive_N: which images have it.
        weights_NR: how often each image is in each resample, >= 0.

    Returns:
        ap_R, NaN where a weighting leaves no image that has the label, or none that has it not.

    Source:
        Manning, Raghavan and Schuetze (2008), Introduction to Information Retrieval, section 8.4.
    """
    order_N = np.argsort(-scores_N, kind="stable")
    falling_N, weights_NR = scores_N[order_N], weights_NR[order_N]
    positive_P = np.flatnonzero(positive_N[order_N])
    if not len(positive_P):
        return np.full(weights_NR.shape[1], np.nan)
    # nothing is looked at but the places of images with the label, after all that have the same score, which can only
    # be believed together
    ends_P = np.searchsorted(-falling_N, -falling_N[positive_P], side="right")
    hits_PR = weights_NR[positive_P].cumsum(axis=0)[np.searchsorted(positive_P, ends_P) - 1]
    starts_P, group_P = np.unique(np.concatenate([[0], ends_P]), return_inverse=True)
    between_PR = np.add.reduceat(weights_NR[: ends_P[-1]], starts_P[:-1], axis=0)
    believed_PR = between_PR.cumsum(axis=0)[group_P[1:] - 1]
    with_label_R, images_R = hits_PR[-1], weights_NR.sum(axis=0)
    summed_R = np.nansum(ratio(hits_PR, believed_PR) * weights_NR[positive_P], axis=0)  # 0 / 0 only where weights are 0
    return np.where(with_label_R < images_R, ratio(summed_R, with_label_R), np.nan)

"""The arithmetic of scores, for one set of samples or for many resamples of it at once.

Shape suffixes: N samples, K classes, R resamples (leading axes ``...`` may be absent), P samples of one
class, Q samples of all others. A score that is not defined, such as the recall of a class without samples, is
NaN here; it becomes None before it leaves the package.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def ratio(numerator: Floats | Ints, denominator: Floats | Ints) -> Floats:
    """Divide, with NaN where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = np.true_divide(numerator, denominator)
    return np.where(denominator == 0, np.nan, quotient)


def defined_mean(values: Floats) -> Floats:
    """Average the last axis over the values that are not NaN; NaN where there are none."""
    return ratio(np.nansum(values, axis=-1), (~np.isnan(values)).sum(axis=-1))


def optional(value: np.floating[Any] | Floats) -> float | None:
    """Return a score as it leaves the package: None where it is not defined."""
    number = float(value)
    return None if math.isnan(number) else number


def count_scores(hits: Floats | Ints, support: Floats | Ints, predicted: Floats | Ints) -> dict[str, Floats]:
    """Score from per-class counts; both averages are over the classes that have samples.

    Args:
        hits: (..., K) samples of each class that were predicted as it.
        support: (..., K) samples of each class.
        predicted: (..., K) predictions of each class.

    Returns:
        accuracy, balanced_accuracy and macro_f1, each of shape (...).
    """
    f1 = np.where(support > 0, ratio(2 * hits, support + predicted), np.nan)
    return {
        "accuracy": ratio(hits.sum(axis=-1), support.sum(axis=-1)),
        "balanced_accuracy": defined_mean(ratio(hits, support)),
        "macro_f1": defined_mean(f1),
    }


def weighted_auroc(scores_N: Floats, positive_N: NDArray[np.bool_], weights_NR: Floats) -> Floats:
    """Return the area under the ROC curve of one class for R weightings of the same samples.

    It is the weighted fraction of (positive, negative) pairs in which the positive has the higher score, ties
    counting half; NaN where a weighting leaves no such pair.

    Source:
        Hanley and McNeil (1982), The Meaning and Use of the Area under a ROC Curve, Radiology 143(1), p. 31.
    """
    order_Q = np.argsort(scores_N[~positive_N])
    negatives_Q, positives_P = scores_N[~positive_N][order_Q], scores_N[positive_N]
    below = np.zeros((len(negatives_Q) + 1, weights_NR.shape[1]))  # weight of the negatives before each place
    np.cumsum(weights_NR[~positive_N][order_Q], axis=0, out=below[1:])
    first_P = np.searchsorted(negatives_Q, positives_P, side="left")
    last_P = np.searchsorted(negatives_Q, positives_P, side="right")
    weights_PR = weights_NR[positive_N]
    wins_R = (weights_PR * (below[first_P] + below[last_P])).sum(axis=0) / 2
    return ratio(wins_R, weights_PR.sum(axis=0) * below[-1])


def one_vs_rest_auroc(probabilities_NK: Floats, labels_N: Ints, weights_NR: Floats) -> Floats:
    """Return the (R, K) areas of each class against all others."""
    columns = [
        weighted_auroc(probabilities_NK[:, label], labels_N == label, weights_NR)
        for label in range(probabilities_NK.shape[1])
    ]
    return np.stack(columns, axis=-1)


def overall_auroc(auroc_K: Floats) -> Floats:
    """Reduce (..., K) areas to (...): of class 1 when there are two, else the mean of the defined ones."""
    return auroc_K[..., 1] if auroc_K.shape[-1] == 2 else defined_mean(auroc_K)


def log_losses(probabilities_NK: Floats, labels_N: Ints) -> Floats:
    """Return each sample's -ln(probability of its class), in nats, at most 36 so that means stay finite."""
    chosen_N = np.take_along_axis(probabilities_NK, labels_N[:, None], axis=1)[:, 0]
    return -np.log(np.maximum(chosen_N, np.finfo(np.float64).eps))

"""The arithmetic of regression scores, for one set of images or for many resamples of it at once.

Shape suffixes: N images, V values of an image, R resamples. A true value that nobody knows is NaN, and is not measured.
A score that is not defined, such as R2 of a constant, is NaN here; it becomes None before it leaves the package.
"""

import numpy as np

from visionft.metrics.bootstrap import draw_counts
from visionft.metrics.scores import Floats, Ints, ratio

SCORES = ("mae", "rmse", "r2", "spearman")


def resampled_scores(predicted_NV: Floats, true_NV: Floats, draw_RN: Ints) -> dict[str, Floats]:
    """Score each value over each resample of the images.

    Args:
        predicted_NV: finite.
        true_NV: finite, or NaN where it is not known.
        draw_RN: indices of images, one resample a row.

    Returns:
        ``SCORES``, each of shape (R, V).

    Source:
        Spearman (1904), The Proof and Measurement of Association between Two Things, American Journal of
        Psychology 15(1), with mean ranks for ties.
    """
    counts_RN = draw_counts(draw_RN)
    columns = [_column(*pair, counts_RN) for pair in zip(predicted_NV.T, true_NV.T, strict=True)]
    return {name: np.stack([column[name] for column in columns], axis=-1) for name in SCORES}


def scores(predicted_NV: Floats, true_NV: Floats) -> dict[str, Floats]:
    """Score each value over all images; ``SCORES``, each of shape (V,)."""
    return {
        name: value_1V[0]
        for name, value_1V in resampled_scores(predicted_NV, true_NV, np.arange(len(true_NV))[None]).items()
    }


def _column(predicted_N: Floats, true_N: Floats, counts_RN: Floats) -> dict[str, Floats]:
    """Score one value; all scores are sums over images, each as often as a resample has it."""
    known_N = ~np.isnan(true_N)
    predicted_N, true_N, counts_RN = predicted_N[known_N], true_N[known_N], counts_RN[:, known_N]
    n_R = counts_RN.sum(axis=1)
    errors_N = predicted_N - true_N
    squares_R = counts_RN @ errors_N**2
    centre_R1 = ratio(counts_RN @ true_N, n_R)[:, None]
    spread_R = (counts_RN * (true_N - centre_R1) ** 2).sum(axis=1)
    true_RN, predicted_RN = _centred_ranks(true_N, counts_RN), _centred_ranks(predicted_N, counts_RN)
    varied_R = (counts_RN * true_RN**2).sum(axis=1)
    product_R = (counts_RN * true_RN * predicted_RN).sum(axis=1)
    return {
        "mae": ratio(counts_RN @ np.abs(errors_N), n_R),
        "rmse": np.sqrt(ratio(squares_R, n_R)),
        # ranks say exactly whether all true values are the same, which sums of rounded squares do not
        "r2": np.where(varied_R > 0, 1 - ratio(squares_R, spread_R), np.nan),
        "spearman": ratio(product_R, np.sqrt(varied_R * (counts_RN * predicted_RN**2).sum(axis=1))),
    }


def _centred_ranks(values_N: Floats, counts_RN: Floats) -> Floats:
    """Return each image's rank in each resample, ties with their mean rank, less the mean of all ranks."""
    ordered_N = np.sort(values_N)
    below = np.zeros((len(counts_RN), len(values_N) + 1))  # images of the resample before each place of the order
    np.cumsum(counts_RN[:, np.argsort(values_N)], axis=1, out=below[:, 1:])
    first_N = np.searchsorted(ordered_N, values_N, side="left")
    last_N = np.searchsorted(ordered_N, values_N, side="right")
    return (below[:, first_N] + below[:, last_N] - below[:, -1:]) / 2

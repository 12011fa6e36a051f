"""How far scores would move with other samples of the same kind: percentile intervals by resampling.

Shape suffixes: N samples, K classes, R resamples of one block, T total number of resamples.
"""

from collections.abc import Callable, Iterator

import numpy as np

from visionft.metrics.scores import (
    Floats,
    Ints,
    count_scores,
    log_losses,
    one_vs_rest_auroc,
    overall_auroc,
)
from visionft.seeds import derive_seed

Interval = tuple[float, float]

_BLOCK_ENTRIES = 500_000  # sample draws per block: a few MB per array, whatever the number of samples


def percentile_intervals(
    score: Callable[[Ints], dict[str, Floats]], samples: int, *, resamples: int, seed: int
) -> dict[str, Interval]:
    """Return the 2.5th and 97.5th percentile of each score over resamples of the samples.

    Resamples in which a score is not defined are left out of its interval; a score that none of them defines
    has no interval.

    Args:
        score: takes draw_RN, sample indices drawn with replacement, one resample a row; gives each score of each
            row, NaN where it is not defined.
        samples: how many samples there are, >= 1.
        resamples: how many times to resample, >= 1.
        seed: the draws are a function of it and the two numbers.

    Returns:
        (low, high) by the scores' names.

    Source:
        Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.
    """
    blocks = [score(draw_RN) for draw_RN in _draws(samples, resamples, seed)]
    merged = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    return {name: _interval(values_T) for name, values_T in merged.items() if not np.isnan(values_T).all()}


def draw_counts(draw_RN: Ints) -> Floats:
    """Count how often each sample is in each resample; shape (R, N)."""
    return _sums(draw_RN, draw_RN.shape[1])


def _sums(groups_RN: Ints, size: int, weights_RN: Floats | None = None) -> Floats:
    """Count, or sum the weights of, each row's members of groups 0..size-1; shape (R, size)."""
    rows = len(groups_RN)
    flat = (groups_RN + size * np.arange(rows)[:, None]).ravel()
    weights = None if weights_RN is None else weights_RN.ravel()
    return np.bincount(flat, weights, minlength=rows * size).reshape(rows, size).astype(np.float64)


def _draws(samples: int, resamples: int, seed: int) -> Iterator[Ints]:
    """Yield blocks of sample indices drawn with replacement, one resample a row."""
    rng = np.random.default_rng(derive_seed(seed, "bootstrap"))
    rows = max(1, _BLOCK_ENTRIES // samples)
    for start in range(0, resamples, rows):
        yield rng.integers(samples, size=(min(rows, resamples - start), samples))


def bootstrap_intervals(probabilities_NK: Floats, labels_N: Ints, *, resamples: int, seed: int) -> dict[str, Interval]:
    """Return the percentile intervals of a classifier's scores.

    The calibration error has none: it is biased upwards on few samples and more so on resamples, so that the
    percentile interval of a calibrated model's misses the true value.

    Args:
        probabilities_NK: class probabilities.
        labels_N: true classes, 0..K-1.
        resamples: how many times to resample, >= 1.
        seed: the intervals are a function of it and the data.

    Returns:
        (low, high) for accuracy, balanced_accuracy, macro_f1, auroc and nll.
    """
    classes = probabilities_NK.shape[1]
    predicted_N = probabilities_NK.argmax(axis=1)
    right_N = (predicted_N == labels_N).astype(np.float64)
    losses_N = log_losses(probabilities_NK, labels_N)

    def resampled(draw_RN: Ints) -> dict[str, Floats]:
        support_RK = _sums(labels_N[draw_RN], classes)
        hits_RK = _sums(labels_N[draw_RN], classes, right_N[draw_RN])
        weights_NR = draw_counts(draw_RN).T
        scores = count_scores(hits_RK, support_RK, _sums(predicted_N[draw_RN], classes))
        scores["auroc"] = overall_auroc(one_vs_rest_auroc(probabilities_NK, labels_N, weights_NR))
        scores["nll"] = losses_N[draw_RN].mean(axis=1)
        return scores

    return percentile_intervals(resampled, len(labels_N), resamples=resamples, seed=seed)


def _interval(values_T: Floats) -> Interval:
    low, high = np.nanpercentile(values_T, [2.5, 97.5])
    return float(low), float(high)

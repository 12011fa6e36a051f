"""Average precision over the classes, and how far it can be trusted.

Shape suffixes: N images, K classes, T IoU thresholds, R resamples; leading axes ``...`` may be absent.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from visionft.metrics.bootstrap import Interval, draw_counts, percentile_intervals
from visionft.metrics.scores import Floats, Ints, defined_mean
from visionft.tasks.objects.precision_recall import Ranked, weighted_ap

AT_50, AT_75 = 0, 5
"""Places in ``IOUS_T``."""


def ap_means(ap_KT: Floats) -> dict[str, Floats]:
    """Average (..., K, T) precisions over the classes that have objects; each score is of shape (...)."""
    return {
        "map": defined_mean(ap_KT.mean(axis=-1)),
        "map50": defined_mean(ap_KT[..., AT_50]),
        "map75": defined_mean(ap_KT[..., AT_75]),
    }


def average_intervals(
    ranked: Sequence[Ranked], means: Mapping[str, float], *, resamples: int, seed: int
) -> dict[str, Interval]:
    """Return basic bootstrap intervals of the averages.

    Average precision takes maxima, so that it is too high where a class has few objects, and higher still on
    resamples, which repeat them. The basic interval takes that much off instead of adding it once more; with many
    classes of few objects it is still too narrow.

    Args:
        ranked: the detections of each class.
        means: map, map50 and map75 of the images as they are.
        resamples: how many times to resample, >= 1.
        seed: the intervals are a function of it and the data.

    Returns:
        (low, high) for map, map50 and map75.

    Source:
        Davison and Hinkley (1997), Bootstrap Methods and their Application, section 5.2.
    """

    def resampled(draw_RN: Ints) -> dict[str, Floats]:
        weights_RN = draw_counts(draw_RN)
        return ap_means(np.stack([weighted_ap(one, weights_RN) for one in ranked], axis=1))

    images = len(ranked[0].objects_N)
    intervals = percentile_intervals(resampled, images, resamples=resamples, seed=seed)
    # never beside the value itself, which nobody would understand
    return {
        name: (max(0.0, 2 * means[name] - high), min(1.0, max(means[name], 2 * means[name] - low)))
        for name, (low, high) in intervals.items()
    }

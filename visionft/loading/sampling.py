"""How often each training image is drawn in an epoch, by the classes it has. Pure arithmetic.

Shape suffixes: N samples.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from visionft.data.records import Sample
from visionft.stages import Sampling

_POWERS: Mapping[Sampling, float] = {"natural": 0.0, "square_root": 0.5, "balanced": 1.0}


def repeat_factors(samples: Sequence[Sample], sampling: Sampling) -> NDArray[np.float64] | None:
    """Return how often each sample is drawn in an epoch on average; the mean is 1, so that epochs keep their length.

    An image counts by its rarest class: by one over the fraction of the images that have it, or the square root of
    that; one without any, as if all had its class. Where each has one class, ``balanced`` draws all classes alike.

    Args:
        samples: the training images.
        sampling: the rule.

    Returns:
        factors_N; None where each is drawn once.

    Source:
        Gupta et al. (2019), LVIS, arXiv:1908.03195, section 4.1: repeat factor sampling, which takes the square root,
        and has a threshold for what is rare.
    """
    power = _POWERS[sampling]
    if not power or not samples:
        return None
    images = Counter(label for sample in samples for label in sample.target.classes)
    rarest = [max((len(samples) / images[label] for label in sample.target.classes), default=1.0) for sample in samples]
    weights_N = np.array(rarest, dtype=np.float64) ** power
    factors_N: NDArray[np.float64] = weights_N * (len(samples) / weights_N.sum())
    return factors_N


def draw(factors_N: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return which samples an epoch draws, as many as there are, shuffled.

    Each is drawn as often as its factor says, rounded up or down at random so that the mean over epochs is the factor
    (systematic sampling). The k-th draw of a sample, from 0, is its index + k N: the draws of a sample differ, so that
    each can be augmented in its own way.

    Args:
        factors_N: how often each is to be drawn, with a mean of 1.
        generator: what is random is drawn from it.
    """
    number = len(factors_N)
    order_N = generator.permutation(number)
    order_N = order_N[np.argsort(factors_N[order_N], kind="stable")]  # so that classes have their number in every epoch
    ends_N = np.cumsum(factors_N[order_N])
    ends_N *= number / ends_N[-1]
    passed_N = np.floor(ends_N + generator.random())
    passed_N[-1] = number  # whatever was rounded
    counts_N = np.diff(passed_N, prepend=0.0).astype(np.int64)
    repeats = np.concatenate([np.arange(count) for count in counts_N])
    return generator.permutation(np.repeat(order_N, counts_N) + number * repeats)

"""Labels that a model which has not seen them is confidently against.

Shape suffixes: N samples, K classes.
"""

from typing import NamedTuple

import numpy as np

from visionft.metrics.scores import Floats, Ints

_SURE = 0.8


class Disagreement(NamedTuple):
    """A label that is likely wrong.

    Attributes:
        sample: its index.
        found: the class that the model takes it for.
        margin: probability of that class less that of the label.
    """

    sample: int
    found: int
    margin: float


def confident_disagreements(probabilities_NK: Floats, labels_N: Ints) -> list[Disagreement]:
    """Return the samples that are taken for another class with more than usual confidence, the surest first.

    What is usual is the mean probability that the samples labelled as a class have of it, so that classes of which the
    model is never sure can be found as well as others; but 0.8 is enough, or half of what is wrong would be missed
    where the model is always sure.

    Args:
        probabilities_NK: of a model that has not learned from the sample.
        labels_N: as given, 0..K-1.

    Source:
        Northcutt, Jiang and Chuang (2021), Confident Learning, arXiv:1911.00068, section 3.
    """
    samples, classes = probabilities_NK.shape
    usual_K = np.full(classes, np.inf)
    for label in np.unique(labels_N).tolist():
        usual_K[label] = min(_SURE, probabilities_NK[labels_N == label, label].mean())
    sure_NK = np.where(probabilities_NK >= usual_K, probabilities_NK, -np.inf)
    found_N = sure_NK.argmax(axis=1)
    every = np.arange(samples)
    margin_N = probabilities_NK[every, found_N] - probabilities_NK[every, labels_N]
    chosen = np.flatnonzero(np.isfinite(sure_NK.max(axis=1)) & (found_N != labels_N) & (margin_N > 0))
    order = chosen[np.argsort(-margin_N[chosen], kind="stable")]
    return [Disagreement(int(at), int(found_N[at]), float(margin_N[at])) for at in order]

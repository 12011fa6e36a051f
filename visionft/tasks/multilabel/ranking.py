"""How well the images of one label are ranked before the others, and where to cut.

Shape suffixes: N images, K classes, P images with the label, or places at which the
score falls, by falling score, R resamples.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.data.naming import some
from visionft.metrics.scores import Floats, Ints

Flags = NDArray[np.bool_]

NO_THRESHOLD = 0.5
"""From which probability on a label is believed that the images say nothing about."""

COMMON = 1
"""Images that the threshold of all labels together counts for: enough to keep labels of one or two images in check, and
little beside labels of ten."""

FEW = 10
"""Images with a label below which a precision that was measured on them says little: of ten that were all right, the
true precision may be 74 % (Clopper and Pearson 1934, The Use of Confidence or Fiducial Limits, Biometrika 26(4))."""

_CURVE_POINTS = 60


class LabelCurvePoint(NamedTuple):
    """What is found of a label, and how much of it is right, when it is believed from a probability on."""

    recall: float
    precision: float
    probability: float


class Threshold(NamedTuple):
    """From which probability on a label is believed.

    Attributes:
        value: that probability.
        reached: whether it does what it was chosen for; a wanted precision may lie out of reach.
    """

    value: float
    reached: bool = True


class _Places(NamedTuple):
    """What is believed down to each score that occurs."""

    scores_P: Floats
    hits_P: Ints
    believed_P: Ints


def is_ranked(positive_N: Flags) -> bool:
    """Return whether some images have the label and some have not: else there is no order to measure."""
    return bool(positive_N.any() and not positive_N.all())


def best_f1(scores_N: Floats, positive_N: Flags) -> Threshold:
    """Choose the threshold with the best F1; of equally good ones the highest.

    It lies half-way between the lowest score that it lets pass and the next, so that rounding does not move an image
    across; it is ``NO_THRESHOLD`` where the label is in all images or none.
    """
    if not is_ranked(positive_N):
        return Threshold(NO_THRESHOLD, False)
    places = _places(scores_N, positive_N)
    f1_P = 2 * places.hits_P / (places.believed_P + positive_N.sum())
    return Threshold(_below(places.scores_P, int(f1_P.argmax())))


def at_precision(scores_N: Floats, positive_N: Flags, precision: float) -> Threshold:
    """Choose the lowest threshold from which on so large a fraction of what is believed is right.

    Where no threshold gets so far, it is the one with the highest precision, of equally good ones the lowest, and the
    answer says that it was not reached. It lies as ``best_f1`` puts it, and is ``NO_THRESHOLD`` in the same cases.

    Args:
        scores_N: of the label.
        positive_N: which images have it.
        precision: wanted fraction, above 0, at most 1.
    """
    if not is_ranked(positive_N):
        return Threshold(NO_THRESHOLD, False)
    places = _places(scores_N, positive_N)
    precision_P = places.hits_P / places.believed_P
    reached = bool(precision_P.max() >= precision)
    lowest = np.flatnonzero(precision_P >= (precision if reached else precision_P.max()))[-1]
    return Threshold(_below(places.scores_P, int(lowest)), reached)


def choose_thresholds(
    probabilities_NK: Floats, labels_NK: Flags, precision: float | None = None
) -> tuple[Threshold, ...]:
    """Choose a threshold for each class.

    The one with the best F1 is held towards the one with the best F1 of all labels together, which counts as much as
    ``COMMON`` images that have the label, and is all there is where all images have it or none: of a label that few
    images have, and that is not recognised, the best F1 comes from giving it to most images.

    Args:
        probabilities_NK: of each label.
        labels_NK: which labels each image has.
        precision: fraction of what is believed that is to be right; none takes the best F1.
    """
    columns = list(zip(probabilities_NK.T, labels_NK.T, strict=True))
    if precision is not None:
        return tuple(at_precision(scores_N, positive_N, precision) for scores_N, positive_N in columns)
    common = best_f1(probabilities_NK.ravel(), labels_NK.ravel()).value
    chosen = []
    for scores_N, positive_N in columns:
        own, reached = best_f1(scores_N, positive_N)
        images = int(positive_N.sum()) if reached else 0
        held = (images * own + COMMON * common) / (images + COMMON)
        chosen.append(Threshold(float(np.float32(held)), reached))
    return tuple(chosen)


def doubts(
    thresholds_K: Sequence[Threshold], labels_NK: Flags, class_names: Sequence[str], precision: float
) -> tuple[str, ...]:
    """Name labels whose wanted precision was not reached, or rests on few images.

    Args:
        thresholds_K: as chosen.
        labels_NK: which labels each validation image has.
        class_names: in the order of the labels.
        precision: what they were to reach.
    """
    images = dict(zip(class_names, labels_NK.sum(axis=0).tolist(), strict=True))
    reached = {name for name, threshold in zip(class_names, thresholds_K, strict=True) if threshold.reached}
    missed = [name for name in class_names if name not in reached]
    few = [f"{name} ({images[name]})" for name in class_names if name in reached and images[name] < FEW]
    what, found = f"task.thresholds: a precision of {precision:g}", []
    if missed:
        found.append(f"{what} is reached on the validation images at no threshold of {some(missed)}")
    if few:
        advice = "it may be lower on others; give more validation images with them"
        found.append(f"{what} was measured on few validation images with the label of {some(few)}; {advice}")
    return tuple(found)


def curve(scores_N: Floats, positive_N: Flags) -> tuple[LabelCurvePoint, ...]:
    """Return recall and precision by falling probability, thinned to what a chart shows; nothing without an order."""
    if not is_ranked(positive_N):
        return ()
    scores_P, hits_P, believed_P = _places(scores_N, positive_N)
    if len(scores_P) > _CURVE_POINTS:
        # evenly along the recall, with the first and the last point
        chosen = np.searchsorted(hits_P, np.linspace(hits_P[0], hits_P[-1], _CURVE_POINTS - 1))
        places = np.unique([0, *chosen, len(hits_P) - 1])
        scores_P, hits_P, believed_P = scores_P[places], hits_P[places], believed_P[places]
    columns = (hits_P / positive_N.sum(), hits_P / believed_P, scores_P)
    return tuple(LabelCurvePoint(*row) for row in zip(*(column.tolist() for column in columns), strict=True))


def _places(scores_N: Floats, positive_N: Flags) -> _Places:
    order_N = np.argsort(-scores_N, kind="stable")
    falling_N = scores_N[order_N]
    ends_P = np.flatnonzero(np.append(falling_N[1:] < falling_N[:-1], True))
    return _Places(falling_N[ends_P], positive_N[order_N].cumsum()[ends_P], ends_P + 1)


def _below(scores_P: Floats, place: int) -> float:
    """Return a threshold that lets this score pass, but not the next."""
    lower = float(scores_P[place + 1]) if place + 1 < len(scores_P) else 0.0
    middle = float(np.float32((float(scores_P[place]) + lower) / 2))  # as float32, which scores are compared in
    return middle if middle > lower else float(scores_P[place])


def thresholds_of(stored: Sequence[float], classes: int, threshold: float | None = None) -> tuple[float, ...]:
    """Return from which probability on each label is believed.

    Args:
        stored: the model's, one for each class; empty where nobody has chosen any.
        classes: how many there are.
        threshold: the same for all, where the caller gives one.
    """
    if threshold is not None:
        return (threshold,) * classes
    return tuple(stored) or (NO_THRESHOLD,) * classes

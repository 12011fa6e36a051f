"""Pairs of labels that a network takes for each other, or ties together.

Shape suffixes: N images, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visionft.report.confusion import ConfusedPair
from visionft.tasks.multilabel.ranking import Flags

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class TogetherPair:
    """Two labels, and how many images have both.

    Attributes:
        first: a class.
        second: another one.
        true: images that have both.
        given: images that were given both.
    """

    first: str
    second: str
    true: int
    given: int


def confused_pairs(true_NK: Flags, predicted_NK: Flags, class_names: Sequence[str]) -> tuple[ConfusedPair, ...]:
    """Return which labels were given to images in which another one was missed, the most frequent pairs first.

    Args:
        true_NK: which labels each image has.
        predicted_NK: which it was given.
        class_names: text for class 0, 1, ...
    """
    missed_NK, wrong_NK = true_NK & ~predicted_NK, predicted_NK & ~true_NK
    count_KK = missed_NK.T.astype(np.int64) @ wrong_NK.astype(np.int64)
    support_K = true_NK.sum(axis=0)
    return tuple(
        ConfusedPair(class_names[one], class_names[other], count, count / int(support_K[one]))
        for one, other, count in _largest(count_KK)
    )


def pairs_together(true_NK: Flags, predicted_NK: Flags, class_names: Sequence[str]) -> tuple[TogetherPair, ...]:
    """Return the pairs of labels that are given together in another number of images than have both, furthest first."""
    true_KK, predicted_KK = (flags.T.astype(np.int64) @ flags.astype(np.int64) for flags in (true_NK, predicted_NK))
    apart_KK = np.triu(np.abs(predicted_KK - true_KK), 1)
    return tuple(
        TogetherPair(class_names[one], class_names[other], int(true_KK[one, other]), int(predicted_KK[one, other]))
        for one, other, _ in _largest(apart_KK)
    )


def _largest(count_KK: np.ndarray) -> list[tuple[int, int, int]]:
    """Return (row, column, count) of the largest counts above 0, in the order of the classes where they are equal."""
    order = np.argsort(-count_KK, axis=None, kind="stable")[:_SHOWN]
    rows, columns = np.unravel_index(order, count_KK.shape)
    found = zip(rows.tolist(), columns.tolist(), count_KK.flat[order].tolist(), strict=True)
    return [(row, column, count) for row, column, count in found if count > 0]

"""The class of an object at its centre, and where there is none, from frozen feature maps.

Shape suffixes: M points, K classes of objects and, behind them, that of none; N objects, P points of an image,
R resamples, S cells of a side, 2 x and y, 5 left, top, right, bottom, class.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import PADDING
from visionft.data.records import Dataset
from visionft.metrics.average_precision import mean_ap
from visionft.metrics.confident_learning import confident_disagreements
from visionft.metrics.score import Score
from visionft.metrics.scores import Floats, Ints
from visionft.spec import InputSpec
from visionft.tasks.probing import PatchProbe, Points, Suspicion

_NOTHING = "no object"
# A detector looks at thousands of places for each object, and its mistakes are mostly beside one. So a place without an
# object counts as so many, and as many are drawn right beside boxes as anywhere: points of both kinds that count alike
# are told apart by nearly every network.
_PLACES = 16
_BESIDE, _LEAST = (0.15, 0.6), 4.0  # how far beyond a box's edge, in halves of its side, and in pixels at least


class ObjectProbe(PatchProbe):
    """Multinomial logistic regression of objects and of what is none, by mean average precision of the classes."""

    score: ClassVar[Score] = Score(
        "point_ap", "point AP", "mean AP of the classes, at centres of objects, beside them and elsewhere"
    )

    drawn: ClassVar[int] = 2

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        self.outputs = len(dataset.class_names) + 1
        self._names = (*dataset.class_names, _NOTHING)

    def points(
        self,
        targets: Any,
        shown: tuple[int, int, int, int],
        spec: InputSpec,  # noqa: ARG002  # boxes and what is shown are in its pixels
        generator: np.random.Generator,
        most: int,
    ) -> Points:
        """Take the centres of objects, and points outside of every box: as many beside them, and as many anywhere."""
        boxes_N5 = (targets[0] if isinstance(targets, tuple) else targets)[0]
        boxes_N5 = boxes_N5[boxes_N5[:, 4] != PADDING]
        objects_N5 = boxes_N5[boxes_N5[:, 4] >= 0]  # crowds are nobody's
        objects_N5 = objects_N5[generator.permutation(len(objects_N5))[: most // 3]]
        centres_N2 = (objects_N5[:, :2] + objects_N5[:, 2:4]) / 2
        beside_P2 = _free(_beside(objects_N5, generator, 4), boxes_N5, shown)[: len(objects_N5)]
        drawn_P2 = generator.uniform(shown[:2], shown[2:], (4 * most, 2))
        anywhere_P2 = _free(drawn_P2, boxes_N5, shown)[: max(most // 4, len(centres_N2))]
        none = np.full(len(beside_P2) + len(anywhere_P2), self.outputs - 1)
        labels_P = np.concatenate([objects_N5[:, 4], none])
        xy_P2 = np.concatenate([centres_N2, beside_P2, anywhere_P2])
        return Points(xy_P2.astype(np.float32), labels_P.astype(np.int64))

    def scores(self, answers_MK: Floats, targets: NDArray[Any], image_M: Ints, counts_RN: Floats) -> Floats:
        """Return the mean over the classes of objects; see the base class."""
        objects = self.outputs - 1
        weights_MR = counts_RN[:, image_M].T * np.where(targets == objects, _PLACES, 1)[:, None]
        return mean_ap(answers_MK[:, :objects], targets[:, None] == np.arange(objects), weights_MR)

    def suspicions(self, answers_MK: Floats, targets: NDArray[Any]) -> list[Suspicion]:
        """Return objects that look like another class or none, and places that look like an object."""
        return [
            Suspicion(at, self._names[targets[at]], self._names[found], margin)
            for at, found, margin in confident_disagreements(answers_MK, targets)
        ]


def _beside(objects_N5: Floats, generator: np.random.Generator, times: int) -> Floats:
    """Return points_P2 around boxes, so many times one for each, just beyond their edges."""
    centres_N2, halves_N2 = (objects_N5[:, :2] + objects_N5[:, 2:4]) / 2, (objects_N5[:, 2:4] - objects_N5[:, :2]) / 2
    ways_TN2 = generator.uniform(-1, 1, (times, len(objects_N5), 2))
    ways_TN2 /= np.abs(ways_TN2).max(axis=2, keepdims=True)  # on the edge of a square
    beyond_TN1 = generator.uniform(*_BESIDE, (times, len(objects_N5), 1))
    points: Floats = (centres_N2 + ways_TN2 * (halves_N2 + np.maximum(beyond_TN1 * halves_N2, _LEAST))).reshape(-1, 2)
    return points


def _free(points_P2: Floats, boxes_N5: Floats, shown: tuple[int, int, int, int]) -> Floats:
    """Return the points of what is shown that lie in no box."""
    within_PN2 = (points_P2[:, None] >= boxes_N5[:, :2]) & (points_P2[:, None] < boxes_N5[:, 2:4])
    taken_P = np.any(np.all(within_PN2, axis=2), axis=1)
    seen_P = np.all((points_P2 >= shown[:2]) & (points_P2 < shown[2:]), axis=1)
    free: Floats = points_P2[seen_P & ~taken_P]
    return free

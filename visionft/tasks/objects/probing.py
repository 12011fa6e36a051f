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


class ObjectProbe(PatchProbe):
    """Multinomial logistic regression of objects and of what is none, by mean average precision of the classes."""

    score: ClassVar[Score] = Score(
        "point_ap", "point AP", "mean AP of the classes, at centres of objects and elsewhere"
    )

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
        """Take the centres of objects, and as many points outside of every box, at least a quarter of all."""
        boxes_N5 = (targets[0] if isinstance(targets, tuple) else targets)[0]
        boxes_N5 = boxes_N5[boxes_N5[:, 4] != PADDING]
        objects_N5 = boxes_N5[boxes_N5[:, 4] >= 0]  # crowds are nobody's
        objects_N5 = objects_N5[generator.permutation(len(objects_N5))[: most // 2]]
        centres_N2 = (objects_N5[:, :2] + objects_N5[:, 2:4]) / 2
        left, top, right, bottom = shown
        drawn_P2 = generator.uniform((left, top), (right, bottom), (4 * most, 2))
        inside_PN = (drawn_P2[:, None] >= boxes_N5[:, :2]).all(2) & (drawn_P2[:, None] < boxes_N5[:, 2:4]).all(2)
        free_P2 = drawn_P2[~inside_PN.any(axis=1)][: max(most // 4, len(centres_N2))]
        labels_P = np.concatenate([objects_N5[:, 4], np.full(len(free_P2), self.outputs - 1)])
        return Points(np.concatenate([centres_N2, free_P2]).astype(np.float32), labels_P.astype(np.int64))

    def scores(self, answers_MK: Floats, targets: NDArray[Any], image_M: Ints, counts_RN: Floats) -> Floats:
        """Return the mean over the classes of objects; see the base class."""
        objects = self.outputs - 1
        return mean_ap(answers_MK[:, :objects], targets[:, None] == np.arange(objects), counts_RN[:, image_M].T)

    def suspicions(self, answers_MK: Floats, targets: NDArray[Any]) -> list[Suspicion]:
        """Return objects that look like another class or none, and places that look like an object."""
        return [
            Suspicion(at, self._names[targets[at]], self._names[found], margin)
            for at, found, margin in confident_disagreements(answers_MK, targets)
        ]

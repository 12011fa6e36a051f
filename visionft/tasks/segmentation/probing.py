"""The class of points of images from frozen feature maps.

Shape suffixes: M points, K classes, P points of an image, R resamples, 2 x and y.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.metrics.confident_learning import confident_disagreements
from visionft.metrics.score import Score
from visionft.metrics.scores import Floats, Ints
from visionft.spec import InputSpec
from visionft.tasks.probing import PatchProbe, Points, Suspicion


class SegmentationProbe(PatchProbe):
    """Multinomial logistic regression of the class of a pixel, by the mean overlap of the classes."""

    score: ClassVar[Score] = Score("miou", "point mIoU", "intersection over union at points of the images, mean")

    def points(
        self,
        targets: Any,
        shown: tuple[int, int, int, int],
        spec: InputSpec,  # noqa: ARG002  # the mask has its size
        generator: np.random.Generator,
        most: int,
    ) -> Points:
        """Draw points that have a class, all as likely; see the base class."""
        mask_HW = targets[0]
        left, top, right, bottom = shown
        at = np.stack([generator.integers(left, right, 2 * most), generator.integers(top, bottom, 2 * most)], axis=1)
        labels_P = mask_HW[at[:, 1], at[:, 0]].astype(np.int64)
        chosen = np.flatnonzero(labels_P != IGNORE)[:most]
        return Points((at[chosen] + 0.5).astype(np.float32), labels_P[chosen])

    def scores(self, answers_MK: Floats, targets: NDArray[Any], image_M: Ints, counts_RN: Floats) -> Floats:
        """Return the mean over classes that occur; see the base class."""
        images, classes = counts_RN.shape[1], self.outputs
        found_M = answers_MK.argmax(axis=1)

        def counted(labels_M: Ints, chosen_M: NDArray[np.bool_]) -> Floats:
            flat = image_M[chosen_M] * classes + labels_M[chosen_M]
            return counts_RN @ np.bincount(flat, minlength=images * classes).reshape(images, classes)

        every = np.ones(len(targets), np.bool_)
        hits_RK = counted(targets, found_M == targets)
        union_RK = counted(targets, every) + counted(found_M, every) - hits_RK
        with np.errstate(divide="ignore", invalid="ignore"):
            overlap_RK = hits_RK / union_RK  # NaN of a class that is neither there nor found
        there_RK = counted(targets, every) > 0
        mean: Floats = np.where(there_RK, overlap_RK, 0).sum(axis=1) / there_RK.sum(axis=1)
        return mean

    def suspicions(self, answers_MK: Floats, targets: NDArray[Any]) -> list[Suspicion]:
        """Return points of which the probe is confident that they are of another class; see the base class."""
        return [
            Suspicion(at, self.class_names[targets[at]], self.class_names[found], margin)
            for at, found, margin in confident_disagreements(answers_MK, targets)
        ]

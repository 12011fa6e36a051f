"""The class of an image from frozen features.

Shape suffixes: N images, M rows (as many), K classes, R resamples.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.data.records import Sample
from visionft.data.targets.label import Label
from visionft.metrics.confident_learning import confident_disagreements
from visionft.metrics.score import Score
from visionft.metrics.scores import Floats, Ints
from visionft.models.linear_fit import LinearLoss
from visionft.tasks.probing import ImageProbe, Suspicion


class ClassificationProbe(ImageProbe):
    """Multinomial logistic regression, by the share of right answers."""

    loss: ClassVar[LinearLoss] = "softmax"
    score: ClassVar[Score] = Score("accuracy", "accuracy", "share of right answers")

    def targets(self, samples: Sequence[Sample]) -> Tensor:
        """Return labels_N."""
        return torch.tensor([Label.of(sample).index for sample in samples])

    def scores(self, answers_MK: Floats, targets: NDArray[Any], image_M: Ints, counts_RN: Floats) -> Floats:
        """Return accuracies; see the base class."""
        drawn_RM = counts_RN[:, image_M]
        right: Floats = drawn_RM @ (answers_MK.argmax(axis=1) == targets) / drawn_RM.sum(axis=1)
        return right

    def suspicions(self, answers_MK: Floats, targets: NDArray[Any]) -> list[Suspicion]:
        """Return confident disagreements; see the base class."""
        return [
            Suspicion(at, self.class_names[targets[at]], self.class_names[found], margin)
            for at, found, margin in confident_disagreements(answers_MK, targets)
        ]

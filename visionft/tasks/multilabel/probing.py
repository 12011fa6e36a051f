"""The labels of an image from frozen features.

Shape suffixes: N images, M rows (as many), K labels, R resamples.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.data.records import Sample
from visionft.data.targets.label_set import LabelSet, flags_of
from visionft.metrics.average_precision import mean_ap
from visionft.metrics.confident_learning import confident_disagreements
from visionft.metrics.score import Score
from visionft.metrics.scores import Floats, Ints
from visionft.models.linear_fit import LinearLoss
from visionft.tasks.probing import ImageProbe, Suspicion


class MultilabelProbe(ImageProbe):
    """A logistic regression of each label, by mean average precision."""

    loss: ClassVar[LinearLoss] = "sigmoid"
    score: ClassVar[Score] = Score("map", "mean AP", "mean average precision of the labels, at any threshold")

    def targets(self, samples: Sequence[Sample]) -> Tensor:
        """Return labels_NK, 1 or 0."""
        return torch.from_numpy(flags_of([LabelSet.of(sample) for sample in samples]).astype(np.float32))

    def scores(self, answers_MK: Floats, targets: NDArray[Any], image_M: Ints, counts_RN: Floats) -> Floats:
        """Return the mean over labels; see the base class."""
        return mean_ap(answers_MK, targets > 0, counts_RN[:, image_M].T)

    def suspicions(self, answers_MK: Floats, targets: NDArray[Any]) -> list[Suspicion]:
        """Return confident disagreements about single labels; see the base class."""
        found = []
        for name, probability_M, label_M in zip(self.class_names, answers_MK.T, targets.T, strict=True):
            both_M2 = np.stack([1 - probability_M, probability_M], axis=1)
            words = (f"without {name}", name)
            found += [
                Suspicion(at, words[int(label_M[at])], words[other], margin)
                for at, other, margin in confident_disagreements(both_M2, label_M.astype(np.int64))
            ]
        return sorted(found, key=lambda suspicion: -suspicion.certainty)

"""The numbers of an image from frozen features.

Shape suffixes: N images, M rows (as many), V values, R resamples.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.data.records import Sample
from visionft.data.targets.values import Values, as_array
from visionft.data.units import split_unit, write_value
from visionft.metrics.score import Score
from visionft.metrics.scores import Floats, Ints
from visionft.models.linear_fit import LinearLoss
from visionft.tasks.probing import ImageProbe, Suspicion

_FAR = 5.0  # standard deviations of the errors; of normal ones, one in two million
_NORMAL = 1.4826  # standard deviation of a normal value over its median absolute deviation


class RegressionProbe(ImageProbe):
    """Ridge regression of each value, by the variance that it explains."""

    loss: ClassVar[LinearLoss] = "squares"
    score: ClassVar[Score] = Score("r2", "R2", "explained variance; 0 is always answering the mean", percent=False)

    def targets(self, samples: Sequence[Sample]) -> Tensor:
        """Return values_NV of variance 1, NaN where nobody knows: the loss weighs all alike."""
        values_NV = as_array([Values.of(sample).numbers for sample in samples])
        self._mean_V = np.nanmean(values_NV, axis=0)
        self._scale_V = np.nanstd(values_NV, axis=0)
        self._scale_V[self._scale_V == 0] = 1.0
        return torch.from_numpy((values_NV - self._mean_V) / self._scale_V)

    def scores(self, answers_MK: Floats, targets: NDArray[Any], image_M: Ints, counts_RN: Floats) -> Floats:
        """Return the mean R2 of the values; see the base class."""
        drawn_RM = counts_RN[:, image_M]
        of_values = []
        for answer_M, value_M in zip(answers_MK.T, targets.T, strict=True):
            known = np.isfinite(value_M)
            drawn_RK, value_K = drawn_RM[:, known], value_M[known]
            number_R = drawn_RK.sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                mean_R = drawn_RK @ value_K / number_R
                spread_R = drawn_RK @ value_K**2 / number_R - mean_R**2
                error_R = drawn_RK @ (answer_M[known] - value_K) ** 2 / number_R
                of_values.append(np.where(spread_R > 0, 1 - error_R / spread_R, np.nan))
        mean: Floats = np.mean(of_values, axis=0)
        return mean

    def suspicions(self, answers_MK: Floats, targets: NDArray[Any]) -> list[Suspicion]:
        """Return numbers that lie far from what is expected, beside the usual error; see the base class."""
        found = []
        for column, name in enumerate(self.class_names):
            unit = split_unit(name)[1]
            error_M = answers_MK[:, column] - targets[:, column]
            middle = np.nanmedian(error_M)
            usual = _NORMAL * np.nanmedian(np.abs(error_M - middle))
            with np.errstate(invalid="ignore"):
                far = np.flatnonzero(np.abs(error_M - middle) > _FAR * usual)
            for at in far.tolist() if usual > 0 else ():
                given, expected = (
                    write_value(float(number * self._scale_V[column] + self._mean_V[column]), unit)
                    for number in (targets[at, column], answers_MK[at, column])
                )
                sure = float(abs(error_M[at] - middle) / usual)
                found.append(Suspicion(at, f"{split_unit(name)[0]} {given}", expected, sure))
        return sorted(found, key=lambda suspicion: -suspicion.certainty)

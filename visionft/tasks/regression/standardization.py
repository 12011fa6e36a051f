"""The scale on which values are learned: standard deviations from the mean of the training images.

Shape suffixes: N images, V values of an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visionft.errors import DataError
from visionft.metrics.scores import Floats


@dataclass(frozen=True, slots=True)
class Standardization:
    """What standardised values are multiplied with, and what is added then, to have them in their units.

    Attributes:
        means: of each value.
        deviations: standard deviation of each value, > 0.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def of(cls, true_NV: Floats, names: Sequence[str]) -> "Standardization":
        """Measure the training images.

        Args:
            true_NV: finite, or NaN where a value is not known.
            names: of the values.

        Raises:
            DataError: when a value is the same in all images of which it is known, or is known of none.
        """
        for name, column_N in zip(names, true_NV.T, strict=True):
            known_N = column_N[~np.isnan(column_N)]
            if not len(known_N):
                raise DataError(f"{name}: no training image has a value; there is nothing to learn")
            # constant values can have a deviation by rounding, and tiny ones none in the network's precision
            if known_N.min() == known_N.max() or np.float32(known_N.std()) == 0:
                raise DataError(f"{name}: is {known_N[0]:g} in every training image; there is nothing to learn")
        return cls(tuple(np.nanmean(true_NV, axis=0).tolist()), tuple(np.nanstd(true_NV, axis=0).tolist()))

"""How the bytes of an image become what a network takes: (x / 255 - mean) / std of each channel.

Weights depend on the last bit of it, so that each form is computed as it is written here: the network subtracts and
multiplies, the batch engine subtracts and divides, the fused kernel multiplies and adds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def byte_statistics(mean: Sequence[float], std: Sequence[float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean_C and std_C of the bytes themselves, for (x - mean) / std.

    Args:
        mean: per channel, of values scaled to 0..1.
        std: per channel, of values scaled to 0..1.
    """
    return np.array(mean, np.float32) * np.float32(255), np.array(std, np.float32) * np.float32(255)


def scale_and_offset(mean: Sequence[float], std: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return the factor and the summand of each channel, for x * factor + summand.

    Args:
        mean: per channel, of values scaled to 0..1.
        std: per channel, of values scaled to 0..1.
    """
    return [1 / (255 * each) for each in std], [-each / of for each, of in zip(mean, std, strict=True)]

"""Numbers that are none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError


def require_finite(predicted_NK: NDArray[Any]) -> None:
    """Check that every prediction is a number.

    Args:
        predicted_NK: what a network answers for N images.

    Raises:
        DataError: when one is NaN or infinite.
    """
    bad_N = ~np.isfinite(predicted_NK).all(axis=1)
    if bad_N.any():
        raise DataError(
            f"predictions: {int(bad_N.sum())} of {len(bad_N)} rows hold NaN or infinite numbers, row "
            f"{int(bad_N.argmax())} first; finite numbers are needed: the weights of the network that gave them have "
            "grown too large, by too high learning rates, or its precision is too low"
        )

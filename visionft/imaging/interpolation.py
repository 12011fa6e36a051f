"""Bilinear interpolation between the pixels of a canvas or the cells of a mask.

Shape suffixes: h, w rows and columns of what is given, H, W those of what is wanted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Positions:
    """Where the pixel centres of one side of an image fall between given values."""

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    fraction: NDArray[np.float32]  # of the higher one, in [0, 1)
    inside: NDArray[np.bool_]  # whether the values reach there at all

    def part(self, pixels: slice) -> "Positions":
        """Return the positions of some of the pixels."""
        return Positions(self.low[pixels], self.high[pixels], self.fraction[pixels], self.inside[pixels])


def positions(centres: NDArray[np.float64], first: int, end: int) -> Positions:
    """Place centres (where value i covers i to i + 1) between the values first..end-1, clamped to them."""
    at = np.clip(centres - 0.5, first, end - 1)
    low = np.floor(at).astype(np.intp)
    inside = (centres >= first) & (centres < end)
    return Positions(low, np.minimum(low + 1, end - 1), (at - low).astype(np.float32), inside)


def enlarge(values_hw: NDArray[np.float32], rows: Positions, columns: Positions) -> NDArray[np.float32]:
    """Interpolate along the few rows that are needed first, then between them."""
    top, bottom = int(rows.low[0]), int(rows.high[-1]) + 1
    needed_hw = values_hw[top:bottom]
    wide_hW = _mix(needed_hw.take(columns.low, 1), needed_hw.take(columns.high, 1), columns.fraction)
    return _mix(wide_hW.take(rows.low - top, 0), wide_hW.take(rows.high - top, 0), rows.fraction[:, None])


def _mix(low: NDArray[np.float32], high: NDArray[np.float32], fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return low + fraction * (high - low), in the memory of ``high``."""
    high -= low
    high *= fraction
    high += low
    return high

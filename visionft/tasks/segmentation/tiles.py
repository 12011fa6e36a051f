"""An image larger than the canvas: overlapping windows, blended in integers.

Each window counts most in its middle, where the network sees what surrounds a pixel. The weights of all windows
at a pixel are whole numbers with the same sum everywhere, and probabilities are added as whole multiples of
2 ** -21: sums are exact, so that neither the order of the windows nor their number can change a class. Where all
windows agree on the probabilities, the classes are those of one window; closer than 5e-7 counts as equal.

Shape suffixes: B batch, K classes, H height, W width, h, w rows and columns of a window, 3 colours (RGB).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visionft.imaging import cut_window
from visionft.imaging.placement import windows
from visionft.results import CanvasRunner
from visionft.spec import InputSpec
from visionft.tasks.segmentation.argmax import argmax

# A sum is at most 32 * 32 * 2 ** 21 = 2 ** 31, also where a probability exceeds 1 by a rounding error.
_WEIGHT_SUM = 32  # along one side
_SCALE = 1 << 21


def segment_windows(
    image_HW3: NDArray[np.uint8], spec: InputSpec, run: CanvasRunner, batch_size: int
) -> NDArray[np.uint8]:
    """Find the class of every pixel from windows over the image; see ``segment.segment``.

    Sums are kept for as many rows as a window has: 4 bytes for each class and pixel of these.
    """
    height, width = image_HW3.shape[:2]
    corners = windows((width, height), spec)
    xs, ys = sorted({x for x, _ in corners}), sorted({y for _, y in corners})
    across, down = blend_weights(xs, spec.width, width), blend_weights(ys, spec.height, height)
    mask_HW = np.empty((height, width), np.uint8)
    sums_KhW = np.zeros((0, min(height, spec.height), width), np.uint32)  # K is known after the first run
    for y, finished, weights_h in zip(ys, [*ys[1:], height], down, strict=True):
        for start in range(0, len(xs), batch_size):
            part = slice(start, start + batch_size)
            probabilities_BKhw = run(np.stack([cut_window(image_HW3, (x, y), spec) for x in xs[part]]))["probabilities"]
            if not len(sums_KhW):
                sums_KhW = np.zeros((probabilities_BKhw.shape[1], *sums_KhW.shape[1:]), np.uint32)
            for x, weights_w, probabilities_Khw in zip(xs[part], across[part], probabilities_BKhw, strict=True):
                _add(sums_KhW[:, :, x : x + len(weights_w)], probabilities_Khw, np.outer(weights_h, weights_w))
        mask_HW[y:finished] = argmax(sums_KhW[:, : finished - y])
        _advance(sums_KhW, finished - y)
    return mask_HW


def blend_weights(corners: Sequence[int], window: int, side: int) -> list[NDArray[np.uint32]]:
    """Return how much each window counts along one side of the image.

    Args:
        corners: where the windows begin, ascending; together they cover the side.
        window: their length.
        side: the image's length.

    Returns:
        For each window a whole number per pixel, cut where the image ends; over all windows they add up to 32 at
        every pixel.
    """
    hann = np.sin(np.pi * (np.arange(window) + 0.5) / window) ** 2
    fractions = np.zeros((len(corners), side))
    for fraction, corner in zip(fractions, corners, strict=True):
        length = min(window, side - corner)
        fraction[corner : corner + length] = hann[:length]
    # rounding the running sum, and not each weight, keeps the whole at exactly 32
    running = np.rint(_WEIGHT_SUM * fractions.cumsum(axis=0) / fractions.sum(axis=0))
    weights = np.diff(running, axis=0, prepend=0).astype(np.uint32)
    return [weight[corner : corner + window] for weight, corner in zip(weights, corners, strict=True)]


def _add(sums_Khw: NDArray[np.uint32], probabilities_Khw: NDArray[np.float32], weights_hw: NDArray[np.uint32]) -> None:
    height, width = weights_hw.shape  # less than the window's where it reaches beyond the image
    for class_index, probabilities_hw in enumerate(probabilities_Khw):  # one at a time: the steps take memory
        steps_hw = np.rint(probabilities_hw[:height, :width] * np.float32(_SCALE)).astype(np.uint32)
        steps_hw *= weights_hw
        sums_Khw[class_index] += steps_hw


def _advance(sums_KhW: NDArray[np.uint32], rows: int) -> None:
    """Drop the first rows, move the others up, and put zeros behind them."""
    kept = sums_KhW.shape[1] - rows
    for sums_hW in sums_KhW:  # one class at a time, since numpy copies what overlaps
        sums_hW[:kept] = sums_hW[rows:]
        sums_hW[kept:] = 0

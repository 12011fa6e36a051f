"""From probabilities on the canvas to the class of every pixel of an image, whatever network gives them.

The exported file and, in evaluation, the torch network go through the same code.

Shape suffixes: B batch, K classes, H height, W width, h, w rows and columns of the canvas, 3 colours (RGB).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.imaging import to_canvas
from visionft.imaging.inputs import Loaded, canvases
from visionft.imaging.interpolation import enlarge, positions
from visionft.imaging.placement import place
from visionft.results import CanvasRunner
from visionft.spec import InputSpec
from visionft.tasks.segmentation.argmax import argmax
from visionft.tasks.segmentation.tiles import segment_windows

_BAND_PIXELS = 1 << 20  # of the image that are worked on at once


def segment(
    image_HW3: NDArray[np.uint8], spec: InputSpec, run: CanvasRunner, *, batch_size: int = 8
) -> NDArray[np.uint8]:
    """Find the class of every pixel.

    Args:
        image_HW3: uint8 RGB, of any size.
        spec: how the image becomes canvases: one for the whole image, or a window each for ``fit: tile``.
        run: gives ``probabilities``, BKHW float32 of the spec's size; at most 255 classes.
        batch_size: windows that go through ``run`` at once.

    Returns:
        mask_HW, uint8 class indices in the original frame; ``IGNORE`` where ``fit: crop`` has cut the image off.

    Raises:
        ImageError: when the image is too narrow for the canvas, see ``to_canvas``.
    """
    if spec.fit == "tile":
        return segment_windows(image_HW3, spec, run, batch_size)
    height, width = image_HW3.shape[:2]
    probabilities_BKhw = run(to_canvas(image_HW3, spec)[None])["probabilities"]
    return mask_in_original(probabilities_BKhw[0], (width, height), spec)


def segment_loaded(
    images: Sequence[Loaded], spec: InputSpec, run: CanvasRunner, *, batch_size: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield what ``segment`` returns for each of several images, whose canvases go through the network together."""
    if spec.fit == "tile":
        for image in images:
            yield segment(image.pixels_HW3, spec, run, batch_size=batch_size)
        return
    for image, probabilities_Khw in zip(images, run(canvases(images))["probabilities"], strict=True):
        yield mask_in_original(probabilities_Khw, image.original, spec)


def mask_in_original(
    probabilities_Khw: NDArray[np.float32], original: tuple[int, int], spec: InputSpec
) -> NDArray[np.uint8]:
    """Bring the probabilities of a canvas back to the frame of its image, and take the most probable class.

    Probabilities are interpolated bilinearly between the canvas pixels that show the image, never those of its
    border. A band of rows and a class are worked on at a time, so that memory does not grow with the classes.

    Args:
        probabilities_Khw: of the canvas; at most 255 classes.
        original: (width, height) in pixels of the image.
        spec: the canvas and the fit, any but ``tile``.

    Returns:
        mask_HW, uint8 class indices; ``IGNORE`` where ``fit: crop`` has cut the image off.
    """
    placement = place(original, spec)
    left, top, right, bottom = placement.covered(spec)
    (x, y), (wide, high), (width, height) = placement.offset, placement.resized, original
    columns = positions((np.arange(width) + 0.5) * wide / width + x, left, right)
    rows = positions((np.arange(height) + 0.5) * high / height + y, top, bottom)
    mask_HW = np.empty((height, width), np.uint8)
    step = max(1, _BAND_PIXELS // width)
    for band in (slice(start, start + step) for start in range(0, height, step)):
        part = rows.part(band)
        mask_HW[band] = argmax(enlarge(values_hw, part, columns) for values_hw in probabilities_Khw)
    mask_HW[~rows.inside] = IGNORE
    mask_HW[:, ~columns.inside] = IGNORE
    return mask_HW

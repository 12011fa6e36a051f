"""The one resize: training, validation, export checks and prediction put images and masks on the canvas here."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.errors import ImageError
from visionft.imaging.header import MAX_PIXELS
from visionft.imaging.placement import Placement, place, place_window
from visionft.spec import InputSpec

_ENLARGE = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


def to_canvas(image: NDArray[np.uint8], spec: InputSpec, original: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Fit an image to the network's input, by ``placement.place``.

    Args:
        image: (height, width, 3) uint8 RGB, of any size.
        spec: canvas size, fit, filter for enlarging, mean colour of the border.
        original: (width, height) of the image where it was decoded smaller, see ``reduced``; None where it was not.

    Returns:
        (spec.height, spec.width, 3) uint8 RGB, contiguous.

    Raises:
        ImageError: when the image is so narrow that filling the canvas would take more than ``MAX_PIXELS``.
    """
    width, height = original or (image.shape[1], image.shape[0])
    placement = place((width, height), spec)
    if placement.resized[0] * placement.resized[1] > MAX_PIXELS:
        raise ImageError(
            f"{width} x {height} pixels are too narrow to fill a canvas of {spec.width} x {spec.height}; "
            "use fit: pad, or leave the image out"
        )
    return _put(_resize(image, placement.resized, spec), placement, spec)


def mask_to_canvas(mask: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Put a mask where ``to_canvas`` puts its image; each pixel takes the class under its centre.

    Args:
        mask: (height, width) uint8 class indices and ``IGNORE``, of the image's size.
        spec: canvas size and fit.

    Returns:
        (spec.height, spec.width) uint8, contiguous; ``IGNORE`` where there is no image.
    """
    height, width = mask.shape
    placement = place((width, height), spec)
    left, top, right, bottom = placement.covered(spec)
    (x, y), (wide, high) = placement.offset, placement.resized
    # the pixel that holds the centre (c + 0.5) * width / wide, in integers: no rounding can move it
    columns = (2 * np.arange(left - x, right - x) + 1) * width // (2 * wide)
    rows = (2 * np.arange(top - y, bottom - y) + 1) * height // (2 * high)
    canvas = np.full((spec.height, spec.width), IGNORE, np.uint8)
    canvas[top:bottom, left:right] = mask[rows][:, columns]
    return canvas


def cut_window(pixels: NDArray[np.uint8], corner: tuple[int, int], spec: InputSpec) -> NDArray[np.uint8]:
    """Cut a window of the canvas's size out of an image or a mask, at its own resolution.

    Args:
        pixels: (height, width, 3) uint8 RGB, or a mask of (height, width).
        corner: (x, y) in pixels of the original frame, from ``windows`` or ``draw_window``.
        spec: the window's size and, for an image, the mean colour.

    Returns:
        (spec.height, spec.width) or with 3 channels, uint8, contiguous; beyond the image the mean colour, or
        ``IGNORE`` in a mask. May share memory with ``pixels``.
    """
    height, width = pixels.shape[:2]
    return _put(pixels, place_window((width, height), corner), spec)


def fill_colour(spec: InputSpec) -> tuple[int, int, int]:
    """Return the colour (RGB, 0..255) of what is beyond an image: the mean, which the network sees as zero."""
    red, green, blue = (round(255 * channel) for channel in spec.mean)
    return red, green, blue


def _put(pixels: NDArray[np.uint8], placement: Placement, spec: InputSpec) -> NDArray[np.uint8]:
    """Cut what lies beyond the canvas and surround what does not reach its edge."""
    (x, y), (left, top, right, bottom) = placement.offset, placement.covered(spec)
    shown = pixels[top - y : bottom - y, left - x : right - x]
    if shown.shape[:2] == (spec.height, spec.width):
        return np.ascontiguousarray(shown)
    fill: int | Sequence[int] = IGNORE if pixels.ndim == 2 else fill_colour(spec)
    canvas = np.empty((spec.height, spec.width, *pixels.shape[2:]), np.uint8)
    canvas[:] = fill
    canvas[top:bottom, left:right] = shown
    return canvas


def _resize(image: NDArray[np.uint8], size: tuple[int, int], spec: InputSpec) -> NDArray[np.uint8]:
    """Shrink each axis by averaging areas, then enlarge the other; size is (width, height)."""
    height, width = image.shape[:2]
    shrunk = (min(width, size[0]), min(height, size[1]))
    pixels = image if shrunk == (width, height) else cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA)
    if shrunk != size:
        pixels = cv2.resize(pixels, size, interpolation=_ENLARGE[spec.interpolation])
    return pixels.astype(np.uint8, copy=False)

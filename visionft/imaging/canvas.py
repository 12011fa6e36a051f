"""The one resize: training, validation, export checks and prediction put an image on the canvas here."""

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.errors import ImageError
from visionft.geometry import place
from visionft.imaging.header import MAX_PIXELS
from visionft.spec import InputSpec

_ENLARGE = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


def to_canvas(image: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Fit an image to the network's input, by ``geometry.place``.

    Args:
        image: (height, width, 3) uint8 RGB, of any size.
        spec: canvas size, fit, filter for enlarging, mean colour of the border.

    Returns:
        (spec.height, spec.width, 3) uint8 RGB, contiguous.

    Raises:
        ImageError: when the image is so narrow that filling the canvas would take more than ``MAX_PIXELS``.
    """
    height, width = image.shape[:2]
    placement = place((width, height), spec)
    if placement.resized[0] * placement.resized[1] > MAX_PIXELS:
        raise ImageError(
            f"{width} x {height} pixels are too narrow to fill a canvas of {spec.width} x {spec.height}; "
            "use fit: pad, or leave the image out"
        )
    resized = _resize(image, placement.resized, spec)
    (x, y), (wide, high) = placement.offset, placement.resized
    if x <= 0 and y <= 0 and x + wide >= spec.width and y + high >= spec.height:
        return np.ascontiguousarray(resized[-y : spec.height - y, -x : spec.width - x])
    canvas = np.empty((spec.height, spec.width, 3), np.uint8)
    canvas[:] = [round(255 * channel) for channel in spec.mean]
    canvas[y : y + high, x : x + wide] = resized
    return canvas


def _resize(image: NDArray[np.uint8], size: tuple[int, int], spec: InputSpec) -> NDArray[np.uint8]:
    """Shrink each axis by averaging areas, then enlarge the other; size is (width, height)."""
    height, width = image.shape[:2]
    shrunk = (min(width, size[0]), min(height, size[1]))
    pixels = image if shrunk == (width, height) else cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA)
    if shrunk != size:
        pixels = cv2.resize(pixels, size, interpolation=_ENLARGE[spec.interpolation])
    return pixels.astype(np.uint8, copy=False)

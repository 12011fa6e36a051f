"""Pictures inside the page. Shape suffixes: H height, W width, 3 colour channels (RGB)."""

import math
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.imaging.palette import BLACK, Colour

LEAST_SIDE = 160  # pixels of the long side of a picture that is to be looked at
THUMBNAIL = 288  # pixels; the page shows them at 105 to 165, so they stay sharp on fine screens
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a row.

    Attributes:
        name: what it shows.
        uri: the picture.
    """

    name: str
    uri: str


def shrink(pixels: NDArray[np.uint8], long_side: int, interpolation: int = cv2.INTER_AREA) -> NDArray[np.uint8]:
    """Return image_HW3 or mask_HW with a long side of at most so many pixels.

    Args:
        pixels: uint8, an image or a mask.
        long_side: in pixels.
        interpolation: of OpenCV; masks need ``INTER_NEAREST_EXACT``.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=interpolation).astype(np.uint8, copy=False)


def fit(pixels: NDArray[np.uint8], long_side: int, interpolation: int = cv2.INTER_AREA) -> NDArray[np.uint8]:
    """Shrink what is large, and enlarge by whole pixels what is too small to be seen; arguments as for ``shrink``."""
    factor = math.ceil(LEAST_SIDE / max(pixels.shape[:2]))
    if factor > 1:
        return np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)
    return shrink(pixels, long_side, interpolation)


def class_legend(
    labels: Iterable[int], class_names: Sequence[str], palette: Sequence[Colour]
) -> list[tuple[str, Colour]]:
    """Return the names and colours of classes, in label order; of a class in black it is said that it is not painted.

    Args:
        labels: the classes to name; what is no class index is left out.
        class_names: text for class 0, 1, ...
        palette: colour (RGB, 0..255) of class 0, 1, ...
    """
    named = set(labels)
    return [
        (f"{name} (not painted)" if colour == BLACK else name, colour)
        for label, (name, colour) in enumerate(zip(class_names, palette, strict=True))
        if label in named
    ]


def jpeg_uri(image_HW3: NDArray[np.uint8]) -> str:
    """Return an uint8 RGB image as a JPEG data URI."""
    # cv2 takes BGR; encoding an uint8 array of this shape cannot fail, so its flag is not looked at
    _, data = cv2.imencode(".jpg", image_HW3[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{b64encode(data.tobytes()).decode('ascii')}"


def thumbnail_uri(image_HW3: NDArray[np.uint8]) -> str:
    """Shrink an uint8 RGB image to 288 pixels on its long side and return it as a JPEG data URI."""
    return jpeg_uri(shrink(image_HW3, THUMBNAIL))

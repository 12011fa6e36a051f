"""Pictures inside the page. Shape suffixes: H height, W width, 3 colour channels (RGB)."""

from base64 import b64encode

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL = 288  # pixels; the page shows them at 105 to 165, so they stay sharp on fine screens
_QUALITY = 82


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


def jpeg_uri(image_HW3: NDArray[np.uint8]) -> str:
    """Return an uint8 RGB image as a JPEG data URI."""
    # cv2 takes BGR; encoding an uint8 array of this shape cannot fail, so its flag is not looked at
    _, data = cv2.imencode(".jpg", image_HW3[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{b64encode(data.tobytes()).decode('ascii')}"


def thumbnail_uri(image_HW3: NDArray[np.uint8]) -> str:
    """Shrink an uint8 RGB image to 288 pixels on its long side and return it as a JPEG data URI."""
    return jpeg_uri(shrink(image_HW3, THUMBNAIL))

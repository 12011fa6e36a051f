"""Thumbnails inside the page. Shape suffixes: H height, W width, 3 colour channels (RGB)."""

from base64 import b64encode

import cv2
import numpy as np
from numpy.typing import NDArray

_LONG_SIDE = 288  # the page shows them at 105 to 165 pixels, so they stay sharp on fine screens
_QUALITY = 82


def jpeg_uri(image_HW3: NDArray[np.uint8]) -> str:
    """Shrink an uint8 RGB image to 288 pixels on its long side and return it as a JPEG data URI."""
    height, width = image_HW3.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small_HW3 = cv2.resize(image_HW3, size, interpolation=cv2.INTER_AREA)
    # cv2 takes BGR; encoding an uint8 array of this shape cannot fail, so its flag is not looked at
    _, data = cv2.imencode(".jpg", small_HW3[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{b64encode(data.tobytes()).decode('ascii')}"

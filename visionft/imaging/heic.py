"""HEIC images, which cameras of phones write and OpenCV does not read."""

import importlib
import io

import numpy as np
from numpy.typing import NDArray

from visionft.errors import ImageError
from visionft.imaging.alpha import on_white


def decode_heic(data: bytes) -> NDArray[np.uint8]:
    """Decode a HEIC file to (height, width, 3) uint8 RGB, upright, with pillow-heif.

    Raises:
        ImageError: when it is not installed, or cannot read the file.
    """
    try:
        heif = importlib.import_module("pillow_heif")
    except ImportError as error:
        raise ImageError(
            "is a HEIC image, which needs pillow-heif: pip install 'visionft[heic]'; or save it as JPEG or PNG"
        ) from error
    try:
        image = heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)  # turned upright by libheif
        pixels: NDArray[np.uint8] = np.asarray(image)
    except (OSError, ValueError, EOFError, RuntimeError) as error:
        raise ImageError(f"the HEIC data cannot be decoded ({error})") from error
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    return on_white(pixels, premultiplied=False) if pixels.shape[2] == 4 else np.ascontiguousarray(pixels)

"""Whatever a caller holds, as the network's canvas."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError, ImageError
from visionft.imaging import decode, to_canvas
from visionft.spec import InputSpec

# A file, the bytes of a file, or pixels: uint8, RGB (H, W, 3) or grey (H, W).
Image: TypeAlias = str | Path | bytes | NDArray[np.uint8]


def load_canvas(image: Image, spec: InputSpec) -> NDArray[np.uint8]:
    """Decode an image where needed and fit it to the canvas.

    Returns:
        uint8 RGB of shape (spec.height, spec.width, 3).

    Raises:
        DataError: the image cannot be used; the message names its file.
    """
    try:
        return to_canvas(_pixels(image), spec)
    except ImageError as error:
        raise DataError(f"{_name(image)}: {error}") from error


def _pixels(image: Image) -> NDArray[np.uint8]:
    if isinstance(image, np.ndarray):
        return _checked(image)
    if isinstance(image, bytes):
        return decode(image)
    if isinstance(image, str | Path):
        return decode(Path(image))
    raise DataError(
        f"image: an object of type {type(image).__name__}; pass a path, the bytes of an image file, "
        "or a uint8 array of shape (H, W, 3) in RGB order"
    )


def _checked(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == 2:  # a grey image means the same with its channel repeated
        image = np.repeat(image[:, :, None], 3, axis=2)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        several = "; pass several images as a list" if image.ndim == 4 else ""
        raise DataError(
            f"image: {image.dtype} array of shape {image.shape}; "
            f"uint8 of shape (H, W, 3) in RGB order, or (H, W) for grey, is needed{several}"
        )
    return image


def _name(image: Image) -> str:
    if isinstance(image, np.ndarray):
        return f"array of shape {image.shape}"
    return f"image of {len(image)} bytes" if isinstance(image, bytes) else str(image)

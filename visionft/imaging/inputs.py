"""Whatever a caller holds, as the pixels that a model works on."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError, ImageError
from visionft.imaging import decode, to_canvas
from visionft.imaging.pillow import PillowImage, file_of
from visionft.spec import InputSpec

# A file, the bytes of a file, pixels: uint8, RGB (H, W, 3) or grey (H, W), or an image of Pillow.
Image: TypeAlias = str | Path | bytes | NDArray[np.uint8] | PillowImage


class Loaded(NamedTuple):
    """An image that is ready for a model.

    Attributes:
        pixels_HW3: uint8 RGB: its canvas, or the image itself where ``fit: tile`` takes windows of it.
        original: (width, height) of the image in pixels.
    """

    pixels_HW3: NDArray[np.uint8]
    original: tuple[int, int]


def load(image: Image, spec: InputSpec) -> Loaded:
    """Decode an image where needed and, unless windows are taken of it, fit it to the canvas.

    Raises:
        DataError: the image cannot be used; the message names its file.
    """
    pixels_HW3 = load_pixels(image)
    height, width = pixels_HW3.shape[:2]
    if spec.fit == "tile":
        return Loaded(pixels_HW3, (width, height))
    try:
        return Loaded(to_canvas(pixels_HW3, spec), (width, height))
    except ImageError as error:
        raise DataError(f"{_name(image)}: {error}") from error


def canvases(images: Sequence[Loaded]) -> NDArray[np.uint8]:
    """Return canvases_BHW3 of images that are a canvas each."""
    return np.stack([image.pixels_HW3 for image in images])


def load_pixels(image: Image) -> NDArray[np.uint8]:
    """Decode an image where needed.

    Returns:
        pixels_HW3, uint8 RGB, of the image's own size.

    Raises:
        DataError: the image cannot be used; the message names its file.
    """
    try:
        return _pixels(image)
    except ImageError as error:
        raise DataError(f"{_name(image)}: {error}") from error


def _pixels(image: Image) -> NDArray[np.uint8]:
    if isinstance(image, np.ndarray):
        return _checked(image)
    if isinstance(image, bytes):
        return decode(image)
    if isinstance(image, str | Path):
        return decode(Path(image))
    if isinstance(image, PillowImage):
        return decode(file_of(image))
    raise DataError(
        f"image: an object of type {type(image).__name__}; pass a path, the bytes of an image file, "
        "a uint8 array of shape (H, W, 3) in RGB order, or an image of Pillow"
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
    if isinstance(image, PillowImage):
        return f"Pillow image of size {image.size}"
    return f"image of {len(image)} bytes" if isinstance(image, bytes) else str(image)

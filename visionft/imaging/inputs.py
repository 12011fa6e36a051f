"""Whatever a caller holds, as the pixels that a model works on."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError, ImageError
from visionft.imaging import decode, to_canvas
from visionft.imaging.pillow import PillowImage
from visionft.imaging.pixels import Pixels
from visionft.imaging.python_images import to_pixels
from visionft.spec import InputSpec

Image: TypeAlias = str | Path | bytes | NDArray[np.uint8] | PillowImage | Pixels
"""A file, the bytes of a file, or pixels: uint8, RGB (H, W, 3) or grey (H, W), an image of Pillow; at run time all that
``python_images`` reads, floats and tensors too."""


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
    if isinstance(image, str | Path | bytes | Pixels):
        return decode(Path(image) if isinstance(image, str) else image)
    pixels = to_pixels(image)
    return pixels if pixels.ndim == 3 else Pixels(pixels, "").read()


def _name(image: Image) -> str:
    if isinstance(image, bytes):
        return f"image of {len(image)} bytes"
    return str(image) if isinstance(image, str | Path | Pixels) else "image"

"""Whatever a caller holds, as the pixels that a model works on."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError, ImageError
from visionft.imaging import decode, to_canvas
from visionft.imaging.pillow import PillowImage
from visionft.imaging.pixels import Pixels
from visionft.imaging.python_images import bytes_of, is_bytes, is_pil, is_tensor, to_pixels
from visionft.imaging.reduced import DecodedImage, decode_for, whole
from visionft.spec import FULL_SCALE, InputSpec, Reading

Image: TypeAlias = str | Path | bytes | BinaryIO | NDArray[np.uint8] | PillowImage | Pixels
"""A file, the bytes of a file, an open file, or pixels: uint8, RGB (H, W, 3) or grey (H, W), an image of Pillow; at run
time all that ``python_images`` reads, floats and tensors too."""

VIDEOS = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".webm", ".wmv"}
)
"""How the names of video files end."""


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
    try:
        decoded = _decoded(image, spec)
        if spec.fit == "tile":
            return Loaded(*decoded)
        return Loaded(to_canvas(decoded.pixels_HW3, spec, decoded.original), decoded.original)
    except ImageError as error:
        raise DataError(f"{_name(image)}: {error}") from error


def canvases(images: Sequence[Loaded]) -> NDArray[np.uint8]:
    """Return canvases_BHW3 of images that are a canvas each."""
    return np.stack([image.pixels_HW3 for image in images])


def load_pixels(image: Image, reading: Reading = FULL_SCALE) -> NDArray[np.uint8]:
    """Decode an image where needed.

    Args:
        image: see above.
        reading: how values of more than 8 bits, and a fourth channel, are read.

    Returns:
        pixels_HW3, uint8 RGB, of the image's own size.

    Raises:
        DataError: the image cannot be used; the message names its file.
    """
    try:
        return _pixels(image, reading)
    except ImageError as error:
        raise DataError(f"{_name(image)}: {error}") from error


def is_one_image(value: object) -> bool:
    """Return whether what a caller gives means one image, or none at all, and not several that can be iterated."""
    if is_tensor(value):
        return bool(value.ndim <= 3)  # type: ignore[attr-defined]
    one = isinstance(value, str | PathLike | np.ndarray | Mapping) or is_bytes(value) or is_pil(value)
    return one or not isinstance(value, Iterable)


def _decoded(image: Image, spec: InputSpec) -> DecodedImage:
    """Return an image as its canvas needs it; a file is decoded no further, where the spec says so."""
    if spec.decode == "full" or isinstance(image, Pixels):
        return whole(_pixels(image, spec.reading))
    if isinstance(image, str | PathLike) and what_else(fspath(image)) is None:
        return decode_for(Path(image).expanduser(), spec)
    data = bytes_of(image)
    return whole(_pixels(image, spec.reading)) if data is None else decode_for(data, spec)


def _pixels(image: Image, reading: Reading) -> NDArray[np.uint8]:
    if isinstance(image, bytes | Pixels):
        return decode(image, reading)
    if isinstance(image, str | PathLike):
        try:
            return decode(Path(image).expanduser(), reading)
        except ImageError as error:
            raise ImageError(what_else(fspath(image)) or str(error)) from error
    pixels = to_pixels(image, reading)
    return pixels if pixels.ndim == 3 else Pixels(pixels, "").read()


def what_else(path: str) -> str | None:
    """Return what a path is that is no image file, and how its images are had; None where it is nothing known."""
    address = urlsplit(path)
    if address.scheme == "file":
        return f"is an address; give the path {unquote(address.path)}"
    if address.scheme in ("http", "https"):
        return "is an address; nothing is downloaded: give what urllib.request.urlopen(address).read() returns"
    if len(address.scheme) > 1 and path[len(address.scheme) :].startswith(":/"):  # one letter is a drive
        return f"is an address ({address.scheme}); nothing is downloaded: give the bytes of the image"
    if Path(path).is_dir():
        return "is a folder; stream() takes it; or give its images, such as sorted(Path(folder).glob('*.jpg'))"
    if Path(path).suffix.lower() in VIDEOS and Path(path).is_file():
        return (
            "is a video; a Predictor's stream() and 'visionft predict' read its frames; for anything else save them "
            "(ffmpeg -i VIDEO frames/%06d.png)"
        )
    return None


def _name(image: Image) -> str:
    if isinstance(image, bytes):
        return f"image of {len(image)} bytes"
    return str(image) if isinstance(image, str | PathLike | Pixels) else "image"

"""JPEG files decoded as small as their canvas allows: the codec leaves out frequencies that would be averaged away.

A JPEG holds cosine coefficients of blocks of 8 x 8 pixels. Its decoder can turn the lowest of them into blocks of 4, 2
or 1 pixels a side, which takes a fraction of the time, and there is less to resize behind it. What it gives is sharper
than averages of areas, so some of those are always left to take.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visionft.imaging.decode import decode, decode_raw, read_file, to_rgb
from visionft.imaging.header import read_header, read_orientation
from visionft.imaging.jpeg import is_plain_jpeg
from visionft.imaging.orientation import TURNS
from visionft.imaging.pixels import ImageSource, Pixels
from visionft.imaging.placement import place
from visionft.spec import InputSpec

_SCALES = (8, 4, 2)
_LEAST = 1.6  # times the resized image that each side of the decoded one has at least


class DecodedImage(NamedTuple):
    """An image that is decoded for a canvas.

    Attributes:
        pixels_HW3: uint8 RGB, upright; of the image's size, or smaller.
        original: (width, height) of the image in pixels, upright, as its labels count them.
    """

    pixels_HW3: NDArray[np.uint8]
    original: tuple[int, int]


def decode_for(source: ImageSource | bytes, spec: InputSpec) -> DecodedImage:
    """Decode an image file as far as its canvas needs it, where the spec says so; else as ``decode`` does.

    Args:
        source: path of an image file, or its bytes; or an image in memory.
        spec: the canvas, how images are put on it, and whether they are decoded in full.

    Raises:
        ImageError: with the reason, when the file cannot be used.
    """
    if spec.decode == "full" or spec.fit == "tile" or isinstance(source, Pixels):
        return whole(decode(source, spec.reading))
    data = source if isinstance(source, bytes) else read_file(source)
    header = read_header(data)
    if not is_plain_jpeg(data):
        return whole(decode(data, spec.reading))
    turned = TURNS[read_orientation(data)].transposed
    original = (header.height, header.width) if turned else (header.width, header.height)
    raw = decode_raw(data, spec.reading, scale=_scale(original, spec))
    return DecodedImage(to_rgb(raw, spec.reading), original)


def whole(pixels_HW3: NDArray[np.uint8]) -> DecodedImage:
    """Return an image that was decoded at its own size."""
    return DecodedImage(pixels_HW3, (pixels_HW3.shape[1], pixels_HW3.shape[0]))


def _scale(original: tuple[int, int], spec: InputSpec) -> int:
    """Return by what the sides of an image of this size are divided, 1 for nothing."""
    needed = [_LEAST * side for side in place(original, spec).resized]
    enough = (
        scale for scale in _SCALES if all(side / scale >= least for side, least in zip(original, needed, strict=True))
    )
    return next(enough, 1)

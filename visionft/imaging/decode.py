"""From an image file to 8-bit RGB pixels; everything odd that files do is handled here.

===================  ==============================================================================
EXIF orientation     applied, all eight
greyscale, 1 bit     the same value in the three channels
palette              looked up
CMYK                 converted to RGB (without a colour profile; profiles are ignored everywhere)
16 bits              divided by 257, so that full scale stays full scale; or scaled from a stated range, see ``levels``;
                     of PNM, JPEG 2000 and AVIF, full scale is what their headers say
HEIC                 read where pillow-heif is installed
32-bit float         refused without a stated range: it has no fixed full scale
transparency         composited on white, which is what viewers show; the colours hidden under transparent
                     pixels are arbitrary. A fourth byte in BMP is ignored, and so is a fourth channel that is said
                     to be none
animation, pages     the first
cut off, damaged     refused where the container tells (missing end, wrong checksum, decoder failure). Damage
                     inside JPEG or TIFF pixels that leaves a decodable file cannot be told from a picture
too many pixels      refused by the header, before memory is asked for
===================  ==============================================================================
"""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.errors import ImageError
from visionft.imaging import tiff
from visionft.imaging.alpha import on_white
from visionft.imaging.header import MAX_PIXELS, Header, read_header, read_orientation
from visionft.imaging.heic import decode_heic
from visionft.imaging.levels import to_8_bits
from visionft.imaging.orientation import TURNS
from visionft.imaging.pixels import ImageSource, Pixels
from visionft.imaging.regular_file import read_regular_file
from visionft.spec import FULL_SCALE, Reading

# A bad file is told by ImageError; OpenCV would also write to the terminal. OpenCV 4 and 5 name the switch differently.
_set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
_set_log_level(0)

_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}


@dataclass(frozen=True, slots=True, eq=False)
class RawImage:
    """What a file holds, before it becomes 8-bit RGB.

    Attributes:
        pixels: (H, W), (H, W, 3) or, with transparency, (H, W, 4), of any depth.
        header: of the file.
        in_rgb: whether the colours are in RGB order, and not BGR.
        orientation: EXIF orientation that is still to be applied.
    """

    pixels: NDArray[np.generic]
    header: Header
    in_rgb: bool = False
    orientation: int = 1

    @property
    def alpha(self) -> NDArray[np.generic] | None:
        """The fourth channel, None where there is none."""
        return self.pixels[..., 3] if self.pixels.ndim == 3 and self.pixels.shape[2] == 4 else None


def decode(
    source: ImageSource | bytes,
    reading: Reading = FULL_SCALE,
    max_pixels: int = MAX_PIXELS,
) -> NDArray[np.uint8]:
    """Decode an image file to RGB, upright.

    Args:
        source: path of an image file, or its bytes; or an image in memory, which is upright RGB already.
        reading: what the values of files with more than 8 bits or a fourth channel mean.
        max_pixels: images that declare more pixels are refused.

    Returns:
        (height, width, 3) uint8 RGB pixels, contiguous.

    Raises:
        ImageError: with the reason, when the file cannot be used.
    """
    if isinstance(source, Pixels):
        return source.read(reading)
    data = source if isinstance(source, bytes) else read_file(source)
    return to_rgb(decode_raw(data, reading, max_pixels), reading)


def decode_raw(data: bytes, reading: Reading, max_pixels: int = MAX_PIXELS, *, scale: int = 1) -> RawImage:
    """Decode an image file to the values that it holds; arguments and errors as of ``decode``.

    Args:
        data: a whole file.
        reading: what its values mean.
        max_pixels: more are refused.
        scale: by what both sides are divided: 1, or of a plain JPEG 2, 4 or 8.
    """
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise ImageError(
            f"declares {header.width} x {header.height} pixels; the limit is {max_pixels:,}; make it smaller"
        )
    if scale > 1:
        pixels = _imdecode(data, _REDUCED[scale] | cv2.IMREAD_IGNORE_ORIENTATION, header)
        # the codec rounds up; half a pixel at the far edges is as near as it gets
        pixels = pixels[: round(header.height / scale), : round(header.width / scale)]
        return RawImage(pixels, header, orientation=read_orientation(data))
    if header.format == "HEIC":
        return RawImage(decode_heic(data), header, in_rgb=True)
    if header.is_wide:
        return RawImage(_imdecode(data, cv2.IMREAD_UNCHANGED, header), header)
    if header.format == "TIFF":  # OpenCV 5.0.0 leaves 16-bit TIFF pixels unwritten when it is asked for RGB
        if header.may_have_alpha and reading.alpha == "composite":
            return RawImage(_imdecode(data, cv2.IMREAD_UNCHANGED, header), header)
        if header.may_have_alpha:  # OpenCV multiplies colours by what it takes for opacity
            data = tiff.without_alpha(data)
        return RawImage(_imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH, header), header)
    if header.may_have_alpha:
        raw = RawImage(_imdecode(data, cv2.IMREAD_UNCHANGED, header), header, orientation=header.orientation)
        ignored = raw.alpha is not None and reading.alpha == "ignore"
        return replace(raw, pixels=raw.pixels[..., :3]) if ignored else raw
    return RawImage(_imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH, header), header, in_rgb=True)


def to_rgb(raw: RawImage, reading: Reading) -> NDArray[np.uint8]:
    """Return the upright RGB pixels, (H, W, 3) uint8, of what a file holds.

    Raises:
        ImageError: when it has values without a full scale, and no range is stated.
    """
    alpha = raw.alpha
    if alpha is not None and raw.header.format == "TIFF" and alpha.dtype != np.uint8:
        raise ImageError(  # OpenCV multiplies colour by alpha at 8 bits only
            "a TIFF with transparency must have 8 bits per channel; save it as PNG, or, where the fourth channel is "
            "none, set data.alpha: ignore"
        )
    colours = to_8_bits(raw.pixels if alpha is None else raw.pixels[..., :3], reading.range)
    if colours.ndim == 2:
        rgb = cv2.cvtColor(colours, cv2.COLOR_GRAY2RGB).astype(np.uint8, copy=False)
    else:
        rgb = colours if raw.in_rgb else colours[..., ::-1]
    if alpha is not None:
        rgba = np.dstack([rgb, to_8_bits(alpha)])
        rgb = on_white(rgba, premultiplied=raw.header.format == "TIFF")
    return _upright(rgb, raw.orientation)


def read_file(path: Path) -> bytes:
    """Return the bytes of an image file.

    Raises:
        ImageError: with the reason, when it cannot be read.
    """
    try:
        return read_regular_file(path)
    except OSError as error:
        raise ImageError(f"cannot be read ({error.strerror})") from error


def _imdecode(data: bytes, flags: int, header: Header) -> NDArray[np.generic]:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ImageError(f"the {header.format} data cannot be decoded ({error.err})") from error
    if pixels is None:
        raise ImageError(f"the {header.format} data are damaged, cut off or of a kind that OpenCV does not know")
    if header.white:  # of values between 8 and 16 bits, or fewer than 8
        return np.round(pixels * (65535 / header.white)).clip(0, 65535).astype(np.uint16)
    return pixels


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    turn = TURNS[orientation]
    upright = pixels.transpose(1, 0, 2) if turn.transposed else pixels
    return np.ascontiguousarray(np.flip(upright, turn.flipped))

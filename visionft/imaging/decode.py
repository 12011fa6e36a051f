"""From an image file to 8-bit RGB pixels; everything odd that files do is handled here.

===================  ==============================================================================
EXIF orientation     applied, all eight
greyscale, 1 bit     the same value in the three channels
palette              looked up
CMYK                 converted to RGB (without a colour profile; profiles are ignored everywhere)
16 bits              divided by 257, so that full scale stays full scale; of PNM, JPEG 2000 and AVIF the bits or the
                     white that the header states
HEIC                 read where pillow-heif is installed
32-bit float         refused: it has no fixed full scale
transparency         composited on white, which is what viewers show; the colours hidden under transparent
                     pixels are arbitrary. A fourth byte in BMP is ignored
animation, pages     the first
cut off, damaged     refused where the container tells (missing end, wrong checksum, decoder failure). Damage
                     inside JPEG or TIFF pixels that leaves a decodable file cannot be told from a picture
too many pixels      refused by the header, before memory is asked for
===================  ==============================================================================
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.errors import ImageError
from visionft.imaging.alpha import on_white
from visionft.imaging.header import MAX_PIXELS, Header, read_header
from visionft.imaging.heic import decode_heic
from visionft.imaging.orientation import TURNS
from visionft.imaging.pixels import ImageSource, Pixels
from visionft.imaging.regular_file import read_regular_file

# A bad file is told by ImageError; OpenCV would also write to the terminal. OpenCV 4 and 5 name the switch differently.
_set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
_set_log_level(0)


def decode(source: ImageSource | bytes, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Decode an image file to RGB, upright.

    Args:
        source: path of an image file, or its bytes; or an image in memory, which is upright RGB already.
        max_pixels: images that declare more pixels are refused.

    Returns:
        (height, width, 3) uint8 RGB pixels, contiguous.

    Raises:
        ImageError: with the reason, when the file cannot be used.
    """
    if isinstance(source, Pixels):
        return source.read()
    data = source if isinstance(source, bytes) else _read(source)
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise ImageError(
            f"declares {header.width} x {header.height} pixels; the limit is {max_pixels:,}; make it smaller"
        )
    if header.format == "HEIC":
        return decode_heic(data)
    if header.may_have_alpha:
        return _decode_with_alpha(data, header)
    if header.format == "TIFF":  # OpenCV 5.0.0 leaves 16-bit TIFF pixels unwritten when it is asked for RGB
        pixels = to_8_bits(_imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH, header))
        return np.ascontiguousarray(pixels[..., ::-1])
    return to_8_bits(_imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH, header))


def _read(path: Path) -> bytes:
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


def to_8_bits(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale 16 bits to 8, full scale to full scale; 8 bits stay.

    Raises:
        ImageError: for anything else.
    """
    if pixels.dtype == np.uint16:
        return cv2.convertScaleAbs(pixels.astype(np.uint16, copy=False), alpha=1 / 257).astype(np.uint8, copy=False)
    if pixels.dtype != np.uint8:
        raise ImageError(f"holds {pixels.dtype} values, which have no fixed full scale; convert it to 8 or 16 bits")
    return pixels.astype(np.uint8, copy=False)


def _decode_with_alpha(data: bytes, header: Header) -> NDArray[np.uint8]:
    raw = _imdecode(data, cv2.IMREAD_UNCHANGED, header)
    if header.format == "TIFF" and raw.dtype != np.uint8:  # OpenCV multiplies colour by alpha at 8 bits only
        raise ImageError("a TIFF with transparency must have 8 bits per channel; save it as PNG")
    pixels = to_8_bits(raw)
    if pixels.ndim == 2:
        rgb = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    elif pixels.shape[2] == 3:
        rgb = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    else:
        rgb = on_white(pixels[..., [2, 1, 0, 3]], premultiplied=header.format == "TIFF")
    return _upright(rgb.astype(np.uint8, copy=False), header.orientation)


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    turn = TURNS[orientation]
    upright = pixels.transpose(1, 0, 2) if turn.transposed else pixels
    return np.ascontiguousarray(np.flip(upright, turn.flipped))

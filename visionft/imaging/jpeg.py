"""The segments of a JPEG file, and which files mean the same to every decoder."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from visionft.errors import ImageError

FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers that begin a frame; the others are tables
_USUAL = (0xC0, 0xC2)  # baseline, progressive
_ADOBE = 0xEE
EXIF, START_OF_SCAN = 0xE1, 0xDA


def is_plain_jpeg(data: bytes) -> bool:
    """Return whether a file is a JPEG that any decoder takes for the same picture, up to rounding.

    Those have 8 bits, are baseline or progressive, and grey or YCbCr. CMYK, RGB, arithmetic coding and lossless JPEGs
    are not among them.

    Args:
        data: a whole file, of which ``read_header`` has found that its header is sound.

    Source: ITU-T T.81, annex B; for the marker Adobe, T.872, section 6.5.3.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        return False
    usual, converted = False, True
    for marker, _, body in segments(data):
        if marker in FRAMES:
            channels, names = body[5], body[6::3]
            usual = marker in _USUAL and body[0] == 8 and channels in (1, 3) and names[:3] != b"RGB"
        elif marker == _ADOBE and body.startswith(b"Adobe"):
            converted = body[11:12] != b"\0"  # 0 says that colours are stored as RGB
    return usual and converted


class Segment(NamedTuple):
    """A part of a JPEG header.

    Attributes:
        marker: which kind.
        at: where it begins in the file.
        body: what it holds, without marker and length.
    """

    marker: int
    at: int
    body: bytes


def segments(data: bytes) -> Iterator[Segment]:
    """Yield each segment up to that of the start of scan, behind which the compressed pixels follow.

    Args:
        data: a whole file that begins as a JPEG does.

    Raises:
        ImageError: when something else stands where a segment should begin.
        IndexError: when the header is cut off between two segments.
        struct.error: when it is cut off inside one.

    Source: ITU-T T.81, section B.1.1.4.
    """
    position = 2
    while True:
        if data[position] != 0xFF:
            raise ImageError("the JPEG header is damaged")
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        yield Segment(marker, position, data[position + 4 : position + 2 + length])
        if marker == START_OF_SCAN:
            return
        position += 2 + length

"""What an image file says about itself, read before any pixel is decoded.

Two things depend on it: an image that declares too many pixels is refused before memory is asked for, and a
file that ends too early is refused although some decoders would fill the rest with grey.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from visionft.errors import ImageError
from visionft.imaging import tiff
from visionft.imaging.jpeg import EXIF, FRAMES, segments
from visionft.imaging.newer_kinds import kind_of_boxes, read_boxes, read_jpeg2000, read_pnm

IMAGE_EXTENSIONS = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".j2c", ".avif", ".heic", ".heif", ".hif"),
    }
)
KINDS = "JPEG, PNG, WebP, BMP, GIF, TIFF, PNM, JPEG 2000, AVIF or HEIC"
MAX_PIXELS = 178_956_970  # Pillow refuses above the same number


@dataclass(frozen=True, slots=True)
class Header:
    """The part of an image file's header that decoding needs.

    Attributes:
        format: name for people, such as ``PNG``.
        width: declared width in pixels.
        height: declared height in pixels.
        may_have_alpha: whether transparency must be looked for.
        orientation: EXIF orientation 1..8; only read where ``may_have_alpha``, OpenCV applies the others.
        is_wide: whether it has a channel of more than 16 bits, which OpenCV gives only as it is.
        white: the highest value that a channel can have, where that is not all of its 8 or 16 bits; else 0.
    """

    format: str
    width: int
    height: int
    may_have_alpha: bool = False
    orientation: int = 1
    is_wide: bool = False
    white: int = 0


def read_header(data: bytes) -> Header:
    """Read the header and check that the file is whole, as far as its container tells.

    Args:
        data: the whole file.

    Returns:
        The header of a file of one of the ``KINDS``.

    Raises:
        ImageError: when the file is empty, of another format, cut off, or declares no pixels.
    """
    if not data:
        raise ImageError("the file is empty")
    reader = next((read for magic, read in _READERS if data.startswith(magic)), _boxes if kind_of_boxes(data) else None)
    if reader is None:
        raise ImageError(f"not a {KINDS} image")
    try:
        header = reader(data)
    except (struct.error, IndexError, KeyError) as error:
        raise ImageError("the header is cut off or damaged") from error
    if header.width < 1 or header.height < 1:
        raise ImageError(f"the {header.format} header declares {header.width} x {header.height} pixels")
    return header


def read_orientation(data: bytes) -> int:
    """Return the EXIF orientation 1..8 of a whole image file, 1 (upright) when there is none that can be read."""
    if data.startswith(b"\xff\xd8\xff"):
        return _orientation(_jpeg_exif(data))
    return _orientation(data) if data[:4] in (b"II*\0", b"MM\0*") else read_header(data).orientation


def _jpeg_exif(data: bytes) -> bytes:
    start = b"Exif\0\0"
    found = (body for marker, _, body in segments(data) if marker == EXIF and body.startswith(start))
    return next(found, start).removeprefix(start)


def _jpeg(data: bytes) -> Header:
    size, scan = (0, 0), 0
    for marker, at, body in segments(data):
        scan = at  # where the last segment begins, behind which are the pixels
        if marker in FRAMES:
            size = struct.unpack_from(">HH", body, 1)
    # Compressed pixels cannot hold the end marker, so finding it means that all of them are there; a picture in the
    # header, of a camera's making, has one as well.
    if data.find(b"\xff\xd9", scan) < 0:
        raise ImageError("the JPEG file is cut off: it has no end marker")
    return Header("JPEG", size[1], size[0])


def _png(data: bytes) -> Header:
    width, height, _depth, colour = struct.unpack_from(">IIBB", data, 16)
    alpha, orientation = bool(colour & 4), 1
    position, kind = 8, b""
    while kind != b"IEND":
        if position + 12 > len(data):
            raise ImageError("the PNG file is cut off: it has no end chunk")
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        critical = kind[:1].isupper()
        checksum = data[position + 8 + length : position + 12 + length]
        if critical and len(checksum) == 4 and crc32(kind + body) != int.from_bytes(checksum, "big"):
            raise ImageError(f"the PNG file is damaged: wrong checksum of a chunk {kind.decode('latin-1')}")
        if kind == b"tRNS":
            alpha = True
        if kind == b"eXIf":
            orientation = _orientation(body)
        position += 12 + length
    return Header("PNG", width, height, alpha, orientation)


def _webp(data: bytes) -> Header:
    if data[8:12] != b"WEBP":
        raise ImageError(f"not a {KINDS} image")
    if len(data) < 8 + int.from_bytes(data[4:8], "little"):
        raise ImageError("the WebP file is cut off")
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return Header("WebP", width, height, bool(data[20] & 0x10), _orientation(_webp_exif(data)))
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return Header("WebP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), bool(bits >> 28 & 1))
    width, height = struct.unpack_from("<HH", data, 26)
    return Header("WebP", width & 0x3FFF, height & 0x3FFF)


def _webp_exif(data: bytes) -> bytes:
    position = 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        if kind == b"EXIF":
            return data[position + 8 : position + 8 + length].removeprefix(b"Exif\0\0")
        position += 8 + length + length % 2
    return b""


def _bmp(data: bytes) -> Header:
    # The fourth byte of a 32-bit BMP is padding more often than transparency; it is ignored.
    os2 = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if os2 else "<ii", data, 18)
    return Header("BMP", width, abs(height))


def _gif(data: bytes) -> Header:
    width, height = struct.unpack_from("<HH", data, 6)
    return Header("GIF", width, height, may_have_alpha=True)


def _tiff(data: bytes) -> Header:
    tags = tiff.read_tags(data)
    # Extra samples of 1 and 2 are alpha; of 0 they are something else. OpenCV turns TIFF pixels by itself.
    alpha = tags.get(tiff.EXTRA_SAMPLES, 0) in (1, 2)
    width, height = tags[tiff.IMAGE_WIDTH], tags[tiff.IMAGE_HEIGHT]
    return Header("TIFF", width, height, alpha, is_wide=tags.get(tiff.BITS_PER_SAMPLE, 1) > 16)


def _pnm(data: bytes) -> Header:
    width, height, white = read_pnm(data)
    return Header("PNM", width, height, white=0 if white in (255, 65535) else white)


def _jpeg2000(data: bytes) -> Header:
    width, height, channels, bits = read_jpeg2000(data)
    return Header("JPEG 2000", width, height, channels != 3, white=_white(bits))


def _boxes(data: bytes) -> Header:
    width, height, orientation, bits = read_boxes(data)
    # What the file says about turning is left to whoever decodes it, and libheif does so by itself.
    return Header(kind_of_boxes(data) or "", width, height, True, orientation, white=_white(bits))


def _white(bits: int) -> int:
    """Return the highest value of so many bits; 0 where they are 8 or 16."""
    return 0 if bits in (8, 16) else (1 << bits) - 1


def _orientation(exif: bytes) -> int:
    """Return the EXIF orientation, 1 (upright) when there is none that can be read."""
    try:
        found = tiff.read_tags(exif).get(tiff.ORIENTATION, 1)
    except (struct.error, KeyError):
        return 1
    return found if 1 <= found <= 8 else 1


_READERS: tuple[tuple[bytes, Callable[[bytes], Header]], ...] = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF", _webp),
    (b"BM", _bmp),
    (b"GIF87a", _gif),
    (b"GIF89a", _gif),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
    *((b"P%d" % kind, _pnm) for kind in range(1, 7)),
    (b"\0\0\0\x0cjP  ", _jpeg2000),
    (b"\xff\x4f\xff\x51", _jpeg2000),
)

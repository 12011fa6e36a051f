"""Headers of the kinds of image files that are not among the usual six: PNM, JPEG 2000, AVIF and HEIC."""

import re
import struct

from visionft.errors import ImageError

_PNM = re.compile(rb"P([1-6])((?:\s|#[^\n]*\n)+)(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:(?:\s|#[^\n]*\n)+(\d+))?")
_HEVC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis")
_AV1 = (b"avif", b"avis")
_BOXES = 100_000  # bytes in which the boxes of an AVIF file's first image stand

_TURNED = {(0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6}
"""Quarter turns to the left, axis of a mirror -> EXIF orientation; with a mirror see below."""
_MIRRORED = {(0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7, (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5}


def read_pnm(data: bytes) -> tuple[int, int, int]:
    """Return width, height and the value that means white of a PBM, PGM or PPM file.

    Raises:
        ImageError: when it is cut off.
        struct.error: when the header is damaged.
    """
    found = _PNM.match(data)
    if found is None or (found[5] is None and found[1] not in b"14"):
        raise struct.error("no width and height")
    kind, width, height = int(found[1]), int(found[3]), int(found[4])
    white = 1 if kind in (1, 4) else int(found[5])
    if kind > 3:
        row = -(-width // 8) if kind == 4 else width * (3 if kind == 6 else 1) * (1 if white < 256 else 2)
        end = found.end(4) if kind == 4 else found.end()
        if len(data) < end + 1 + row * height:
            raise ImageError("the PNM file is cut off")
    return width, height, 255 if white == 1 else white


def read_jpeg2000(data: bytes) -> tuple[int, int, int, int]:
    """Return width, height, number of channels and bits of the first one of a JPEG 2000 file.

    Raises:
        ImageError: when it is cut off.
        struct.error: when the header is damaged.
    """
    at = data.find(b"\xff\x4f\xff\x51")  # the codestream's beginning, and its size marker
    if at < 0:
        raise struct.error("no codestream")
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    channels, bits = struct.unpack_from(">HB", data, at + 40)
    if data.rfind(b"\xff\xd9") < at:
        raise ImageError("the JPEG 2000 file is cut off: it has no end marker")
    return right - left, bottom - top, channels, (bits & 0x7F) + 1


def kind_of_boxes(data: bytes) -> str | None:
    """Return ``AVIF`` or ``HEIC`` of files made of boxes of these kinds; None of others."""
    if data[4:8] != b"ftyp":
        return None
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(len(data), int.from_bytes(data[:4], "big")), 4))]
    if any(brand in _AV1 for brand in brands):
        return "AVIF"
    return "HEIC" if any(brand in (*_HEVC, b"mif1", b"msf1") for brand in brands) else None


def read_boxes(data: bytes) -> tuple[int, int, int, int]:
    """Return width, height, EXIF orientation and bits of an AVIF or HEIC file.

    Raises:
        ImageError: when it is cut off.
        struct.error: when the header is damaged.
    """
    head = data[:_BOXES]
    sizes = [struct.unpack_from(">II", head, found.end() + 4) for found in re.finditer(b"ispe", head)]
    if not sizes:
        raise struct.error("no size")
    if len(data) < _end_of_boxes(data):
        raise ImageError("the file is cut off")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    turn, mirror = (
        re.search(rb"\x00\x00\x00\x09irot(.)", head, re.DOTALL),
        re.search(rb"\x00\x00\x00\x09imir(.)", head, re.DOTALL),
    )
    angle, axis = (turn[1][0] & 3 if turn else 0), (mirror[1][0] & 1 if mirror else None)
    depth = re.search(rb"pixi.{4}.(.)", head, re.DOTALL)
    orientation = _TURNED[angle, None] if axis is None else _MIRRORED[angle, axis]
    return width, height, orientation, depth[1][0] if depth else 8


def _end_of_boxes(data: bytes) -> int:
    """Return how long a file says it is, by the lengths of its outer boxes."""
    at = 0
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        if length < 8:  # 0 means to the end
            return len(data)
        at += length
    return at

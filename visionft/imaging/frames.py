"""Whether an image file holds several pictures, of which only the first is read."""

import struct
from collections.abc import Iterator
from itertools import islice

_GIF_LOCAL, _GIF_EXTENSION, _GIF_END = 0x2C, 0x21, 0x3B


def holds_several(data: bytes) -> bool:
    """Return whether a file is an animation or has several pages; previews inside JPEG files are none.

    Args:
        data: a whole file of a kind that is read.
    """
    try:
        if data.startswith((b"GIF87a", b"GIF89a")):
            return len(list(islice(_gif_frames(data), 2))) > 1
        if data[:4] in (b"II*\0", b"MM\0*"):
            return _next_directory(data) != 0
        if data.startswith(b"RIFF") and data[12:16] == b"VP8X":
            return bool(data[20] & 2)
        return data.startswith(b"\x89PNG") and b"acTL" in data[:2000]
    except (struct.error, IndexError):
        return False


def _gif_frames(data: bytes) -> Iterator[int]:
    """Yield where the frames of a GIF file stand."""
    at = 13 + _table(data[10])
    while at < len(data) and data[at] != _GIF_END:
        if data[at] == _GIF_LOCAL:
            yield at
            at += 10 + _table(data[at + 9]) + 1  # and the size of its codes
        elif data[at] == _GIF_EXTENSION:
            at += 2
        else:
            return
        while data[at]:  # blocks of up to 255 bytes
            at += 1 + data[at]
        at += 1


def _table(flags: int) -> int:
    """Return the bytes of a table of colours; 0 where the flags say that there is none."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _next_directory(data: bytes) -> int:
    """Return where the second directory of a TIFF file stands, 0 where there is none."""
    order = "<" if data[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, first)
    (following,) = struct.unpack_from(order + "I", data, first + 2 + 12 * count)
    return int(following)

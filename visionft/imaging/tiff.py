"""The first directory of a TIFF structure: TIFF files carry it, and so does EXIF inside PNG and WebP."""

import struct

IMAGE_WIDTH = 256
IMAGE_HEIGHT = 257
BITS_PER_SAMPLE = 258
ORIENTATION = 274
EXTRA_SAMPLES = 338

_BYTE_ORDER = {b"II*\0": "<", b"MM\0*": ">"}
_INTEGER_TYPES = {1: "B", 3: "H", 4: "I"}


def read_tags(data: bytes) -> dict[int, int]:
    """Return the integer tags of the first directory; of a list of values, the first.

    Args:
        data: a TIFF structure from its byte-order mark on.

    Returns:
        Tag number -> value. Tags that hold no integer, or more than fits in their entry, are left out.

    Raises:
        struct.error: when the data end inside the directory.
        KeyError: when the data do not begin with a TIFF byte-order mark.
    """
    order = _BYTE_ORDER[data[:4]]
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    tags = {}
    for number in range(count):
        entry = directory + 2 + 12 * number
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        code = _INTEGER_TYPES.get(kind)
        if code is not None and 0 < length * struct.calcsize(code) <= 4:
            (tags[tag],) = struct.unpack_from(order + code, data, entry + 8)
    return tags


def without_alpha(data: bytes) -> bytes:
    """Return a TIFF file whose fourth channel is called unspecified, and no opacity.

    Args:
        data: a TIFF file that has ``EXTRA_SAMPLES``, of one 16-bit number in its entry.

    Raises:
        struct.error: when the data end inside the directory.
        KeyError: when the data do not begin with a TIFF byte-order mark.
    """
    order = _BYTE_ORDER[data[:4]]
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    changed = bytearray(data)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", data, entry)[0] == EXTRA_SAMPLES:
            struct.pack_into(order + "H", changed, entry + 8, 0)
    return bytes(changed)

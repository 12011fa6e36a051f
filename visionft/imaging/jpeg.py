"""Which JPEG files mean the same to every decoder."""

from collections.abc import Iterator

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers that begin a frame; the others are tables
_USUAL = (0xC0, 0xC2)  # baseline, progressive
_ADOBE = 0xEE


def is_plain_jpeg(data: bytes) -> bool:
    """Say whether a file is a JPEG that any decoder takes for the same picture, up to rounding.

    Those have 8 bits, are baseline or progressive, and grey or YCbCr. CMYK, RGB, arithmetic coding and lossless JPEGs
    are not among them.

    Args:
        data: a whole file, of which ``read_header`` has found that its header is sound.

    Source: ITU-T T.81, annex B; for the marker Adobe, T.872, section 6.5.3.
    """
    if not data.startswith(b"\xff\xd8\xff"):
        return False
    usual, converted = False, True
    for marker, body in _segments(data):
        if marker in _FRAMES:
            channels, names = body[5], body[6::3]
            usual = marker in _USUAL and body[0] == 8 and channels in (1, 3) and names[:3] != b"RGB"
        elif marker == _ADOBE and body.startswith(b"Adobe"):
            converted = body[11:12] != b"\0"  # 0 says that colours are stored as RGB
    return usual and converted


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and body of each segment before the compressed pixels."""
    position = 2
    while (marker := data[position + 1]) != 0xDA:
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        yield marker, data[position + 4 : position + 2 + length]
        position += 2 + length

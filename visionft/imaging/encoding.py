"""Pictures as files: masks as PNG with a palette, which OpenCV can read but not write, and images as JPEG or PNG.

Shape suffixes: H height, W width, 3 colours (RGB).
"""

import struct
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from zlib import compress, crc32

import cv2
import numpy as np
from numpy.typing import NDArray

NOTEBOOK_SIDE = 480  # pixels of the longer side of a picture in a notebook
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UNUSED = (255, 255, 255)  # colour of values that are no class, IGNORE among them


def index_png(mask_HW: NDArray[np.uint8], palette: Sequence[tuple[int, int, int]]) -> bytes:
    """Encode a mask as PNG: the values are kept, viewers show their colours.

    Args:
        mask_HW: uint8 class indices; other values are shown in white.
        palette: colour (RGB, 0..255) of class 0, 1, ...; at most 256.

    Returns:
        The bytes of a file with 8-bit palette indices.

    Source:
        W3C, Portable Network Graphics (Third Edition), sections 5.3 (chunks) and 11.2 (IHDR, PLTE, IDAT, IEND).
    """
    height, width = mask_HW.shape
    colours = [*palette, *[_UNUSED] * (256 - len(palette))]
    rows = np.zeros((height, 1 + width), np.uint8)  # each row begins with its filter: 0, none
    rows[:, 1:] = mask_HW
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits, palette, not interlaced
    chunks = [(b"IHDR", header), (b"PLTE", np.array(colours, np.uint8).tobytes()), (b"IDAT", compress(rows.tobytes()))]
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in [*chunks, (b"IEND", b"")])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))


def jpeg_bytes(image_HW3: NDArray[np.uint8]) -> bytes:
    """Encode an image (uint8 RGB) as JPEG, at a quality for looking at it."""
    return cv2.imencode(".jpg", image_HW3[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def png_bytes(image_HW3: NDArray[np.uint8], long_side: int) -> bytes:
    """Encode an image (uint8 RGB) as PNG, shrunk where its long side has more pixels than that."""
    height, width = image_HW3.shape[:2]
    scale = long_side / max(height, width)
    if scale < 1:
        smaller = max(1, round(width * scale)), max(1, round(height * scale))
        image_HW3 = cv2.resize(image_HW3, smaller, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return cv2.imencode(".png", image_HW3[..., ::-1])[1].tobytes()


def html_figure(png: bytes, caption: str) -> str:
    """Return a PNG and what it shows as HTML for a notebook."""
    return (
        f'<figure style="margin:0"><img src="data:image/png;base64,{b64encode(png).decode("ascii")}" alt="">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )

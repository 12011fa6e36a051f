"""Images that Pillow has opened or made; Pillow itself is loaded by whoever has one."""

import io
from typing import Any, Protocol

import numpy as np

from visionft.errors import ImageError

_LOSSLESS = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I;16B")  # modes that PNG keeps as they are
_BYTE_ORDERS = {"I;16L": "<u2", "I;16N": "=u2"}
_WITH_ALPHA = {"PA": "RGBA", "RGBa": "RGBA", "La": "LA"}


class PillowImage(Protocol):
    """What is asked of ``PIL.Image.Image``."""

    mode: str
    size: tuple[int, int]
    info: dict[Any, Any]

    def getexif(self) -> Any:
        """Return the EXIF data, which may turn the image."""
        ...

    def tobytes(self) -> bytes:
        """Return the pixels as they lie in memory."""
        ...

    def convert(self, mode: str) -> Any:
        """Return the image in another mode."""
        ...


def file_of(image: PillowImage) -> bytes:
    """Return the bytes of a PNG of an image, upright: grey, palettes and transparency then mean what they do in files.

    Args:
        image: of any mode but floating point.

    Raises:
        ImageError: when it cannot be read, or has no fixed full scale.
    """
    from PIL import ImageOps

    if image.mode in ("F", "I"):
        raise ImageError(f"mode {image.mode} has no fixed full scale; convert it to 8 or 16 bits")
    data = io.BytesIO()
    try:
        upright = _for_png(image)
        upright = ImageOps.exif_transpose(upright)
        upright.save(data, "PNG", compress_level=1)
    except (OSError, SyntaxError, ValueError) as error:  # SyntaxError: of damaged PNG
        raise ImageError(f"Pillow cannot read it ({error})") from error
    return data.getvalue()


def _for_png(image: PillowImage) -> Any:
    from PIL import Image

    if image.mode in _LOSSLESS:
        return image
    if image.mode in _BYTE_ORDERS:  # Pillow's own conversion clips them, or before 13 forgets them
        values = np.frombuffer(image.tobytes(), _BYTE_ORDERS[image.mode])
        plain = Image.frombytes("I;16", image.size, values.astype("<u2").tobytes())
        plain.info = dict(image.info)  # with the EXIF data
        return plain
    return image.convert(_WITH_ALPHA.get(image.mode, "RGB"))

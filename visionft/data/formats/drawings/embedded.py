"""An image inside a JSON file, as labelme stores it."""

import json
from base64 import b64decode
from binascii import Error
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from visionft.errors import ImageError
from visionft.imaging import decode
from visionft.imaging.pixels import Pixels
from visionft.imaging.regular_file import read_regular_file


class EmbeddedImage(Pixels):
    """The field ``imageData`` of a JSON file, which is opened whenever the pixels are asked for. Pickles.

    Args:
        file: the JSON file.
        name: what messages and pages call the image.
    """

    def __init__(self, file: Path, name: str) -> None:
        self.file = file
        self.name = name

    @property
    def array(self) -> NDArray[Any]:  # type: ignore[override]  # decoded anew, so that memory holds one at a time
        """The pixels, uint8 RGB (H, W, 3).

        Raises:
            ImageError: when they cannot be read.
        """
        try:
            data = b64decode(json.loads(read_regular_file(self.file))["imageData"], validate=False)
        except (OSError, ValueError, KeyError, TypeError, Error) as error:
            raise ImageError(f"its imageData cannot be read ({error})") from error
        return decode(data)

    @cached_property
    def size(self) -> tuple[int, int]:  # kept, since looking costs a decoding
        """(width, height)."""
        height, width = self.array.shape[:2]
        return width, height

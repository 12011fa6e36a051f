"""Whether files are pictures and the maps of them, told by a look into a few."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from visionft.data.formats.masks.coding import MANY, pack
from visionft.data.formats.masks.source import read_stored
from visionft.errors import DataError, ImageError
from visionft.imaging.header import read_header
from visionft.imaging.regular_file import read_regular_file

_LOOKED_AT = 3  # pairs whose files are opened


def are_masks(pairs: Sequence[tuple[Path, Path]]) -> bool:
    """Return whether most of a few pairs (image, mask) are a picture and a map of the same size each."""
    chosen = pairs[:: max(1, len(pairs) // _LOOKED_AT)][:_LOOKED_AT]
    good = [is_map(mask) and not is_map(image) and size_of(image) == size_of(mask) != (0, 0) for image, mask in chosen]
    return 0 < len(good) <= 2 * sum(good)


def is_map(path: Path) -> bool:
    """Return whether a file holds few values, or what compression made of few: nearly all pixels are dark or bright."""
    try:
        codes, counts = np.unique(pack(read_stored(path, lossy=True)), return_counts=True)
    except DataError:  # no image at all
        return False
    if len(codes) <= MANY and path.suffix.lower() not in (".jpg", ".jpeg"):
        return True
    grey = np.maximum(np.maximum(codes >> 16, codes >> 8 & 255), codes & 255)
    between = counts[(grey > 50) & (grey < 205)].sum() / counts.sum()
    return bool(between < 0.1 and grey.max() >= 205)


def size_of(path: Path) -> tuple[int, int]:
    """Return (width, height) that a file declares; (0, 0) where it cannot be read."""
    try:
        header = read_header(read_regular_file(path))
    except (OSError, ImageError):
        return 0, 0
    return header.width, header.height

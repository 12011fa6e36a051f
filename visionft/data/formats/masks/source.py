"""Masks that are image files, or lie in memory.

==================  ==================================================================================
grey, 8 or 16 bits  the value
32-bit float        the value where all are whole numbers; else a threshold is needed
1 bit               0 and 255, as every viewer shows it
palette             the index, or the palette's colour where the classes are given by colour or the file is a GIF,
                    whose writers number colours as they like
RGB                 the colour; where red, green and blue are equal in every pixel, that value
transparency        not looked at, unless it is all that differs
JPEG                needs a threshold: its compression changes values
==================  ==================================================================================

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visionft.annotations.marks import IGNORE
from visionft.data.checks.bad_files import MaskError
from visionft.data.formats.masks.coding import JPEG_ADVICE, MAX_VALUE, TWO_ADVICE, Coding
from visionft.data.targets.python_values import as_python, described
from visionft.errors import DataError, ImageError
from visionft.imaging import MAX_PIXELS
from visionft.imaging.header import read_header
from visionft.imaging.pixels import Pixels
from visionft.imaging.python_images import is_pil
from visionft.imaging.regular_file import read_regular_file

_GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "P", "PA")
_COLOUR = ("RGB", "RGBA", "RGBX", "RGBa")
_DAMAGED = (OSError, SyntaxError, ValueError)  # what Pillow raises for files that are


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask stored as an image file.

    Attributes:
        path: the file.
        coding: what its values stand for.
        others: more masks of the same image; what is not of the first class there lies over the mask.
    """

    path: Path
    coding: Coding
    others: tuple[Path, ...] = ()

    def read(self) -> NDArray[np.uint8]:
        """Return (H, W) class indices and ``IGNORE``.

        Raises:
            DataError: naming the file, when it cannot be read or holds a value that stands for no class.
        """
        mask_HW = self._read(self.path)
        for other in self.others:
            other_HW = self._read(other)
            if other_HW.shape != mask_HW.shape:
                kind = "is of another size than the other masks of its image"
                raise MaskError(f"{other}: {kind}", kind)
            mask_HW = np.where(other_HW > 0, other_HW, mask_HW)
        return mask_HW

    def _read(self, path: Path) -> NDArray[np.uint8]:
        coding = self.coding
        stored = read_stored(path, colours=coding.colours, lossy=coding.threshold is not None, alpha=coding.alpha)
        return coding.decode(stored, str(path))


@dataclass(frozen=True, slots=True)
class MaskInMemory:
    """A mask that a program holds.

    Attributes:
        stored: its values, (H, W).
        coding: what they stand for.
    """

    stored: Pixels
    coding: Coding

    def read(self) -> NDArray[np.uint8]:
        """Return (H, W) class indices and ``IGNORE``.

        Raises:
            DataError: when it holds a value that stands for no class.
        """
        return self.coding.decode(self.stored.array, str(self.stored))


def stored_in(mask: Any, where: str) -> NDArray[np.generic]:
    """Return the values of a mask that a program holds, (H, W) of 8 or 16 bits.

    Args:
        mask: whole numbers or bools, of shape (H, W) or (1, H, W): an array, a tensor of torch, or an image of PIL.
        where: the image, for messages.

    Raises:
        DataError: when it cannot be a mask.
    """
    try:
        array = _stored(mask, colours=False) if is_pil(mask) else as_python(mask)
    except ImageError as error:
        raise DataError(f"{where}: {error}") from error
    except _DAMAGED as error:
        raise DataError(f"{where}: Pillow cannot read the mask ({error})") from error
    if not isinstance(array, np.ndarray) or not array.size:
        raise DataError(
            f"{where}: {described(mask)} is no mask; an array of shape (H, W) with a class per pixel is needed"
        )
    array = array[0] if array.ndim == 3 and array.shape[0] == 1 else array
    if array.ndim != 2 or array.dtype.kind not in ("b", "i", "u"):
        found = f"a mask of {array.dtype} values and shape {array.shape}"
        raise DataError(f"{where}: {found}; whole numbers of shape (H, W), a class per pixel, are needed")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > MAX_VALUE:
        raise DataError(
            f"{where}: a mask of values from {low} to {high}; they are 0 to {MAX_VALUE}: mark pixels that belong to no "
            f"class with {IGNORE}"
        )
    return array.astype(np.uint8 if high <= np.iinfo(np.uint8).max else np.uint16, copy=False)


def read_stored(path: Path, *, colours: bool = False, lossy: bool = False, alpha: bool = False) -> NDArray[np.generic]:
    """Read what a mask file holds.

    Args:
        path: the file.
        colours: give colours, also where the file has grey values or a palette.
        lossy: take JPEGs and fractions as well, whose values are none of classes.
        alpha: give the transparency of files that have any.

    Returns:
        (H, W) values, or (H, W, 3) uint8 colours; without ``colours``, only where they are not all grey.

    Raises:
        DataError: naming the file, when it cannot be read or cannot be a mask.
    """
    try:
        data = read_regular_file(path)
        _check_header(data, lossy=lossy)
        with Image.open(BytesIO(data)) as image:
            if alpha and "A" in image.getbands():
                return np.asarray(image.getchannel("A"))
            return _stored(image, colours=colours, lossy=lossy)
    except ImageError as error:
        raise MaskError(f"{path}: {error}", str(error)) from error
    except _DAMAGED as error:
        reason = getattr(error, "strerror", None) or error
        kind = f"the mask cannot be read ({reason})"
        raise MaskError(f"{path}: {kind}", kind) from error


def read_palette(path: Path) -> NDArray[np.uint8] | None:
    """Return the (N, 3) colours of a palette file in order of index; None where it has no palette.

    Raises:
        OSError: when the file cannot be read.
    """
    with Image.open(path) as image:
        colours = image.getpalette("RGB") if image.mode == "P" else None
    return None if colours is None else np.array(colours, np.uint8).reshape(-1, 3)


def may_exceed_8_bits(path: Path) -> bool:
    """Return whether a mask file may hold values over 255; true where nobody can tell."""
    try:
        with Image.open(path) as image:
            return image.mode.startswith("I")
    except _DAMAGED:  # told when every mask is read
        return True


def is_jpeg(path: Path) -> bool:
    """Return whether a file is a JPEG, whatever it is called; false where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(3) == b"\xff\xd8\xff"
    except OSError:  # told when every mask is read
        return False


def _check_header(data: bytes, *, lossy: bool) -> None:
    header = read_header(data)
    if header.format == "JPEG" and not lossy:
        raise ImageError(
            f"a mask cannot be a JPEG, whose compression changes its values; {TWO_ADVICE}, else {JPEG_ADVICE}"
        )
    if header.width * header.height > MAX_PIXELS:
        raise ImageError(f"declares {header.width} x {header.height} pixels; the limit is {MAX_PIXELS:,}")


def _stored(image: Image.Image, *, colours: bool, lossy: bool = False) -> NDArray[np.generic]:
    if image.mode == "F":
        return _of_floats(np.asarray(image), lossy=lossy)
    if image.mode not in _GREY + _COLOUR:
        raise ImageError(f"a mask of the kind {image.mode} is not understood; save it as PNG with a class per value")
    if image.format == "GIF":
        image = image.convert("RGB")
    if colours:
        return np.asarray(image.convert("RGB"))
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    stored = np.asarray(image)
    if image.mode in _GREY:
        return stored[..., 0] if stored.ndim == 3 else stored
    red, green, blue = (stored[..., channel] for channel in range(3))
    return red if np.array_equal(red, green) and np.array_equal(red, blue) else stored[..., :3]


def _of_floats(stored: NDArray[np.float32], *, lossy: bool) -> NDArray[np.generic]:
    """Return whole numbers of floats that are some, else the floats."""
    if np.isfinite(stored).all() and stored.min() >= 0 and stored.max() <= MAX_VALUE:
        whole = stored.astype(np.uint16)
        if np.array_equal(whole, stored):
            return whole
        if lossy:
            return stored
    low, high = np.nanmin(stored), np.nanmax(stored)
    raise ImageError(
        f"a mask of floats from {low:g} to {high:g}, which are no classes; save it as PNG with a class per value, or, "
        "where they say how likely the foreground is, set data.mask_threshold: 0.5"
    )

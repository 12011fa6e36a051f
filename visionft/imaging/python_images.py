"""Images as Python programs hold them, as 8-bit pixels.

=======================  ===================================================================================
uint8 array              (H, W, 3) in RGB order, (H, W, 4) with transparency, or grey (H, W) and (H, W, 1)
uint16 array             the same shapes; divided by 257, as a file of 16 bits is, or scaled from a model's range
float array              the same shapes; a model's range, or 0 to 1, is black to white. Without a range anything beyond
                         is refused: it may be an image of 0 to 255, or one that has been normalised
torch tensor             the same numbers with channels first: (3, H, W), (1, H, W), or (H, W)
PIL image                upright by its EXIF orientation, as a file is
bytes                    those of an image file; a bytearray or memoryview too
open binary file         read from where it stands: ``open(path, "rb")``, ``io.BytesIO``, a response of urllib
=======================  ===================================================================================

Transparency is composited on white, as in files. Nothing can tell RGB from BGR, which is what ``cv2.imread`` gives.
PIL and torch are not imported: whoever holds their images has done so.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visionft.errors import ImageError
from visionft.imaging.alpha import on_white
from visionft.imaging.decode import decode
from visionft.imaging.levels import Seen, bits_of, see, to_8_bits
from visionft.imaging.pillow import file_of
from visionft.imaging.pixels import Pixels
from visionft.spec import FULL_SCALE, Reading

_FEW_BITS = 12  # of 16, at whose scale images are nearly black, and different ones may look the same
_EXPECTED = "uint8 of shape (H, W, 3) in RGB order, or (H, W) for grey, is needed"


def is_tensor(value: Any) -> bool:
    """Return whether a value is a tensor of torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_pil(value: object) -> bool:
    """Return whether a value is an image of PIL."""
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(value, pil.Image)


def is_bytes(value: object) -> bool:
    """Return whether a value is the bytes of one file, or an open file."""
    return isinstance(value, bytes | bytearray | memoryview) or callable(getattr(value, "read", None))


def bytes_of(image: Any) -> bytes | None:
    """Return the file that is handed over as its bytes, or open; None where it is neither.

    Raises:
        ImageError: when an open file gives none.
    """
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    if is_pil(image) or not is_bytes(image):  # some of PIL's images have a method of that name
        return None
    try:
        data = image.read()
    except (OSError, ValueError) as error:  # a closed file is a ValueError
        raise ImageError(f"an open file that cannot be read ({error})") from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ImageError(f'an open file that gives {type(data).__name__}; open it as open(path, "rb")')
    if not data:
        raise ImageError("an open file with nothing left to read; where it has been read before, call its seek(0)")
    return bytes(data)


def to_pixels(image: Any, reading: Reading = FULL_SCALE) -> NDArray[np.uint8]:
    """Return an image as uint8 pixels; arrays that are that already are not copied.

    Args:
        image: see above.
        reading: how values of more than 8 bits, and a fourth channel, are read.

    Returns:
        RGB (H, W, 3), or grey (H, W).

    Raises:
        ImageError: with the reason, when it is no image.
    """
    if (data := bytes_of(image)) is not None:
        return decode(data, reading)
    if is_pil(image):
        return decode(file_of(image), reading)
    if is_tensor(image):
        array = image.detach().cpu().numpy()
        if array.ndim == 3 and array.shape[0] not in (1, 3, 4):
            raise ImageError(
                f"a tensor of shape {tuple(array.shape)}; channels come first: (3, H, W), or (H, W) for grey"
            )
        return _of_array(array if array.ndim != 3 else array.transpose(1, 2, 0), reading)
    if isinstance(image, np.ndarray):
        return _of_array(image, reading)
    if isinstance(image, Mapping):
        raise ImageError(f"a {type(image).__name__} with the keys {', '.join(map(repr, image))}; give the image alone")
    raise ImageError(
        f"an object of type {type(image).__name__}; pass a path, the bytes of an image file, a PIL image, a torch "
        "tensor with channels first, or a uint8 array of shape (H, W, 3) in RGB order"
    )


class DeepPixels(Pixels):
    """An image in memory of more than 8 bits, or with a fourth channel, of which the reading says what it means.

    Args:
        array: (H, W) or (H, W, C), as ``to_pixels`` takes it.
        name: what messages and pages call it.
    """

    @cached_property
    def content(self) -> str:
        """A hash of what the image is at full scale; of values that leave little of it, of these."""
        if self.seen.high is not None and bits_of(self.seen.high) <= _FEW_BITS:
            return super().content
        try:
            return Pixels(to_pixels(self.array), self.name).content
        except ImageError:  # values that have no full scale
            return super().content

    @cached_property
    def seen(self) -> Seen:
        """What the values tell; floating point, whose range is stated or 0 to 1, tells nothing of bits."""
        four = self.array.ndim == 3 and self.array.shape[2] == 4
        found = see(self.array[..., :3] if four else self.array, self.array[..., 3] if four else None)
        return found if self.array.dtype == np.uint16 else replace(found, high=None)

    def read(self, reading: Reading = FULL_SCALE) -> NDArray[np.uint8]:
        """Return the pixels as a reading has them, (H, W, 3).

        Raises:
            ImageError: when the values are beyond its range.
        """
        return Pixels(to_pixels(self.array, reading), self.name).read()


def to_image(image: Any, name: str, reading: Reading = FULL_SCALE) -> Pixels:
    """Return an image as ``to_pixels`` takes it, its values kept where they may be read in several ways.

    Args:
        image: as of ``to_pixels``.
        name: what messages and pages call it.
        reading: how values are read as far as it is said.

    Raises:
        ImageError: with the reason, when it is no image.
    """
    pixels_HW = to_pixels(image, reading)
    array = _as_array(image)
    if array is None or (array.dtype == np.uint8 and (array.ndim == 2 or array.shape[2] != 4)):
        return Pixels(pixels_HW, name)
    plain = array.dtype.kind == "f" and (array.ndim == 2 or array.shape[2] != 4) and array.max() <= 1
    return Pixels(pixels_HW, name) if plain and reading.range is None else DeepPixels(array, name)


def _as_array(image: Any) -> NDArray[Any] | None:
    """Return an array, or that of a tensor with channels last; None of anything else."""
    if is_tensor(image):
        array: NDArray[Any] = image.detach().cpu().numpy()
        return array.transpose(1, 2, 0) if array.ndim == 3 else array
    return image if isinstance(image, np.ndarray) else None


def _of_array(array: NDArray[Any], reading: Reading) -> NDArray[np.uint8]:
    found = f"{array.dtype} array of shape {array.shape}"
    channels_first = array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4)
    if channels_first:
        raise ImageError(f"{found}; channels come last in an array: give image.transpose(1, 2, 0)")
    if not array.size or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        several = "; pass several images as a list" if array.ndim == 4 else ""
        raise ImageError(f"{found}; {_EXPECTED}{several}")
    if array.ndim == 3 and array.shape[2] == 4:
        colours = _scaled(array[..., :3], reading.range, found)
        if reading.alpha == "ignore":
            return colours
        return on_white(np.dstack([colours, _scaled(array[..., 3], None, found)]), premultiplied=False)
    pixels = _scaled(array, reading.range, found)
    return pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels


def _scaled(array: NDArray[Any], values: tuple[float, float] | None, found: str) -> NDArray[np.uint8]:
    if array.dtype.kind == "f":
        pixels = _from_floats(array) if values is None else to_8_bits(_in_range(array, values), values)
    elif array.dtype in (np.uint8, np.uint16):
        pixels = to_8_bits(np.ascontiguousarray(array), values)
    else:
        raise ImageError(f"{found}; {_EXPECTED}; where it holds 0 to 255, give image.astype(numpy.uint8)")
    return np.ascontiguousarray(pixels)


def _in_range(array: NDArray[Any], values: tuple[float, float]) -> NDArray[Any]:
    """Return floats that are in a model's range, as far as can be seen.

    Raises:
        ImageError: when all are between 0 and 1, which is black in a range of larger values.
    """
    low, high = values
    if low >= 0 and high > 1 and array.min() >= 0 and 0 < array.max() <= 1:
        raise ImageError(
            f"a {array.dtype} image of values from {array.min():g} to {array.max():g}; this model reads floats from "
            f"{low:g} (black) to {high:g} (white): give image * {high:g}"
        )
    return array


def _from_floats(array: NDArray[Any]) -> NDArray[np.uint8]:
    if not np.isfinite(array).all():
        raise ImageError(f"a {array.dtype} image that holds NaN or infinity; floats are 0 (black) to 1 (white)")
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        raise ImageError(
            f"a {array.dtype} image of values from {low:g} to {high:g}; floats are 0 (black) to 1 (white): give images "
            "of 0 to 255 as uint8, and images before they are normalised, which the network does itself; of another "
            "range, say which: data.range, or value_range of the Predictor"
        )
    return np.rint(array * np.float64(255)).astype(np.uint8)

"""Image files decoded on the device that trains: JPEGs by nvJPEG where that is CUDA, what it does not take on the CPU.

Shape suffixes: B images, H height, W width, 3 colour channels (RGB).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg

from visionft.errors import DataError, ImageError
from visionft.imaging import MAX_PIXELS, decode, to_canvas
from visionft.imaging.header import read_header, read_orientation
from visionft.imaging.jpeg import is_plain_jpeg
from visionft.imaging.orientation import TURNS
from visionft.imaging.pixels import ImageSource, Pixels
from visionft.imaging.placement import place
from visionft.imaging.reduced import decode_for
from visionft.imaging.regular_file import read_regular_file
from visionft.loading.device_canvas import put_on_canvas
from visionft.spec import InputSpec

_AT_ONCE = 1 << 26  # pixels decoded together, 200 MB


class ImageFile(NamedTuple):
    """An image that has been read, and is decoded where it has to be.

    Attributes:
        path: where it is, for messages.
        size: (width, height) in pixels of the upright image.
        data: the bytes of a JPEG that the device decodes; else nothing.
        orientation: EXIF orientation of that, 1 to 8.
        canvas_HW3: the canvas of another image.
    """

    path: ImageSource
    size: tuple[int, int]
    data: bytes = b""
    orientation: int = 1
    canvas_HW3: NDArray[np.uint8] | None = None


def read_image(path: ImageSource, spec: InputSpec) -> ImageFile:
    """Read an image, and decode it unless the device does.

    Args:
        path: where it is.
        spec: the canvas; its fit is not ``tile``.

    Raises:
        DataError: naming the file, when it cannot be read.
    """
    try:
        if isinstance(path, Pixels):
            return _on_cpu(path, path, spec)
        data = read_regular_file(path)
        header = read_header(data)
        if is_plain_jpeg(data) and header.width * header.height <= MAX_PIXELS:
            orientation = read_orientation(data)
            size = (header.height, header.width) if TURNS[orientation].transposed else (header.width, header.height)
            wide, high = place(size, spec).resized
            if wide * high <= MAX_PIXELS:  # else the CPU says what is wrong
                return ImageFile(path, size, data, orientation)
        return _on_cpu(path, data, spec)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except ImageError as error:
        raise DataError(f"{path}: {error}") from error


def _on_cpu(path: ImageSource, source: Pixels | bytes, spec: InputSpec) -> ImageFile:
    image_HW3, size = decode_for(source, spec)
    return ImageFile(path, size, canvas_HW3=to_canvas(image_HW3, spec, size))


class DeviceDecoder:
    """Puts images on their canvases on a device, decoding several at once.

    nvJPEG rounds otherwise than the CPU's decoder, and enlarges colours otherwise: pixels differ by a few levels, at
    edges of colours by more.

    Args:
        spec: the canvas; its fit is not ``tile``.
        device: any; with a CPU, that decodes.
    """

    def __init__(self, spec: InputSpec, device: torch.device) -> None:
        self._spec = spec
        self._device = device

    def __call__(self, files: Sequence[ImageFile]) -> Tensor:
        """Return images_BHW3, uint8 on the device.

        Args:
            files: at least one.

        Raises:
            DataError: naming the file that cannot be decoded.
        """
        return torch.stack([canvas_HW3 for chunk in _few(files) for canvas_HW3 in self._canvases(chunk)])

    def _canvases(self, files: Sequence[ImageFile]) -> list[Tensor]:
        pixels = iter(self._decoded([file.data for file in files if file.data]))
        found = []
        for file in files:
            there_3HW = next(pixels) if file.data else None
            if there_3HW is not None:
                found.append(put_on_canvas(_upright(there_3HW, file.orientation), self._spec))
                continue
            here_HW3 = file.canvas_HW3
            if here_HW3 is None:
                here_HW3 = self._again(file)
            found.append(torch.from_numpy(here_HW3).to(self._device))
        return found

    def _decoded(self, jpegs: Sequence[bytes]) -> list[Tensor | None]:
        """Return pixels_3HW of each, None of those that the device does not take."""
        if not jpegs:
            return []
        if self._device.type == "cuda":  # nvJPEG writes to memory that is free, without asking who still reads from it
            torch.cuda.current_stream(self._device).synchronize()
        encoded = [torch.frombuffer(bytearray(data), dtype=torch.uint8) for data in jpegs]
        try:
            return [*decode_jpeg(encoded, ImageReadMode.RGB, self._device)]
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # does not tell which of them it was
            return [None] if len(jpegs) == 1 else [pixels for data in jpegs for pixels in self._decoded([data])]

    def _again(self, file: ImageFile) -> NDArray[np.uint8]:
        """Return the canvas of a JPEG that the device does not take."""
        try:
            return to_canvas(decode(file.data), self._spec)
        except ImageError as error:
            raise DataError(f"{file.path}: {error}") from error


def _few(files: Sequence[ImageFile]) -> Iterator[Sequence[ImageFile]]:
    """Yield the files in order, as many at once as there is memory for."""
    start, pixels = 0, 0
    for number, file in enumerate(files):
        pixels += file.size[0] * file.size[1]
        if pixels > _AT_ONCE and number > start:
            yield files[start:number]
            start, pixels = number, file.size[0] * file.size[1]
    yield files[start:]


def _upright(pixels_3HW: Tensor, orientation: int) -> Tensor:
    turn = TURNS[orientation]
    upright_3HW = pixels_3HW.transpose(1, 2) if turn.transposed else pixels_3HW
    return upright_3HW.flip([axis + 1 for axis in turn.flipped]) if turn.flipped else upright_3HW

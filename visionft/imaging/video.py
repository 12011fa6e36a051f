"""Videos, cameras and streams, frame by frame, and videos that are written.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.errors import DataError
from visionft.imaging.inputs import VIDEOS

_STREAMS = frozenset({"http", "https", "rtmp", "rtmps", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp"})
_TRIES = 25  # frames in a row that may be broken before the rest counts as lost
_NOTHING = np.zeros((0, 0, 3), np.uint8)
_USUAL_RATE = 25.0
_ESTIMATED = 0.02  # by this fraction, or two frames, containers are wrong about their number of frames


class Shot(NamedTuple):
    """One frame of a video.

    Attributes:
        number: its place, from 0; of a camera, how many came before it, those that nobody took included.
        seconds: since the beginning, by the rate that the video states, or by the clock where frames come when they
            come; None where neither tells.
        image_HW3: uint8 RGB.
    """

    number: int
    seconds: float | None
    image_HW3: NDArray[np.uint8]


def is_address(source: object) -> bool:
    """Return whether a text is the address of something that OpenCV can open over a network."""
    return isinstance(source, str) and urlsplit(source).scheme in _STREAMS


def is_video(source: object) -> bool:
    """Return whether a source moves: the number of a camera, the address of a stream, or a video file by its name."""
    if isinstance(source, bool):
        return False
    if isinstance(source, int) or is_address(source):
        return True
    return isinstance(source, str | Path) and Path(source).suffix.lower() in VIDEOS and not Path(source).is_dir()


class Video:
    """A video file, a camera or a stream, opened for reading; iterating gives its frames once, as ``Shot``.

    Args:
        source: a file, the number of a camera from 0, or an address (``rtsp://``, ``http://``, ...).

    Attributes:
        name: what messages call it; without the password that an address may hold.
        live: whether frames come when they come: a camera, or a stream that is no file.
        rate: frames a second as stated, None where nothing sensible is, and of what is live.

    Raises:
        DataError: when it cannot be opened.
    """

    def __init__(self, source: str | Path | int) -> None:
        self.name = _name(source)
        self.live = isinstance(source, int) or (
            is_address(source) and Path(urlsplit(str(source)).path).suffix.lower() not in VIDEOS
        )
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is broken is told by our messages
        if not isinstance(source, int) and not is_address(source) and not Path(source).is_file():
            raise DataError(f"{self.name}: no such file")
        self._capture = cv2.VideoCapture(source if isinstance(source, int) else str(source))
        if not self._capture.isOpened():
            raise DataError(f"{self.name}: {_why_closed(source)}")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate < 1000 and not self.live else None
        self._opened = time.monotonic()
        self._stated = 0 if self.live else max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._capture.release()

    def __iter__(self) -> Iterator[Shot]:
        """Yield the frames.

        Raises:
            DataError: behind the last frame, where the file is known to have more, or a stream has been interrupted.
        """
        index = broken = 0
        while True:
            there, image_HW3 = self._read()
            if there:
                yield Shot(index, self._seconds(index), image_HW3)
                broken = 0
            elif self.live or broken == _TRIES or index >= self._stated:
                break
            else:
                broken += 1
            index += 1
        seen = index - broken
        if self.live:
            raise DataError(f"{self.name}: has ended, or was interrupted, after {seen} frames")
        if self._stated - seen > max(2, _ESTIMATED * self._stated):
            raise DataError(
                f"{self.name}: frame {seen} and those after it cannot be read, of {self._stated}; the file is cut off "
                "or damaged"
            )

    def _seconds(self, index: int) -> float | None:
        if self.live:
            return time.monotonic() - self._opened
        return index / self.rate if self.rate else None

    def _read(self) -> tuple[bool, NDArray[np.uint8]]:
        there, image_HW3 = self._capture.read()
        if not there:
            return False, _NOTHING
        return True, np.asarray(cv2.cvtColor(image_HW3, cv2.COLOR_BGR2RGB), np.uint8)


class VideoWriter:
    """An MP4 file that is written frame by frame; it has its name when it is closed, with whatever was written by then.

    Args:
        path: of the file, ending in ``.mp4``.
        rate: frames a second; None takes 25.

    Raises:
        DataError: when it cannot be written.
    """

    def __init__(self, path: Path, rate: float | None = None) -> None:
        self._path, self._rate = path, rate or _USUAL_RATE
        self._temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
        self._size = (0, 0)
        self._writer: cv2.VideoWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._writer is None:
            return
        self._writer.release()
        try:
            self._temporary.replace(self._path)
        except OSError as error:
            raise DataError(f"{self._path}: cannot be written ({error.strerror})") from error

    def add(self, image_HW3: NDArray[np.uint8]) -> None:
        """Append a frame; one of another size than the first is scaled to it."""
        if self._writer is None:
            self._open(image_HW3)
        height, width = image_HW3.shape[:2]
        if (width, height) != self._size:
            image_HW3 = cv2.resize(image_HW3, self._size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        assert self._writer is not None  # noqa: S101  # opened above
        self._writer.write(cv2.cvtColor(image_HW3, cv2.COLOR_RGB2BGR))

    def _open(self, image_HW3: NDArray[np.uint8]) -> None:
        self._size = image_HW3.shape[1], image_HW3.shape[0]
        code = cv2.VideoWriter.fourcc(*"mp4v")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = cv2.VideoWriter(str(self._temporary), code, self._rate, self._size)
        if not self._writer.isOpened():
            self._writer = None
            raise DataError(f"{self._path}: cannot be written as a video of {self._size[0]} x {self._size[1]} pixels")


def _name(source: str | Path | int) -> str:
    if isinstance(source, int):
        return f"camera {source}"
    if not is_address(source):
        return str(source)
    address = urlsplit(str(source))
    return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()


def _why_closed(source: str | Path | int) -> str:
    if isinstance(source, int):
        return "cannot be opened; cameras are counted from 0, and one program has a camera at a time"
    if is_address(source):
        return "cannot be opened; is the address right, and does it give a video?"
    return "cannot be opened as a video; it is damaged, cut off, or of a kind that OpenCV cannot read"

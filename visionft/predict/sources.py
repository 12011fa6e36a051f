"""Whatever holds images, one after the other: files, folders, videos, cameras, streams, arrays.

Shape suffixes: H height, W width, 3 colour channels (RGB).
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from threading import Condition, Thread
from typing import NamedTuple, TypeAlias, cast

from visionft.data.naming import counted, some
from visionft.data.records import Problem
from visionft.data.walk import images_below
from visionft.errors import DataError
from visionft.imaging.inputs import Image, is_one_image, what_else
from visionft.imaging.video import Shot, Video, is_address, is_video

_READ_AHEAD = 4  # frames of a video file


class Frame(NamedTuple):
    """An image that is predicted for, and where it is from.

    Attributes:
        image: itself, in any form that a predictor takes: a path of a file, RGB pixels of a video.
        source: the file, folder, camera or stream that holds it; empty for what lies in memory.
        number: its place there, from 0.
        seconds: since the beginning of the video, where it tells.
    """

    image: Image
    source: str = ""
    number: int = 0
    seconds: float | None = None


class Frames(NamedTuple):
    """The images of a source.

    Attributes:
        frames: to be iterated once; each is read when it is asked for, or a little before.
        live: whether they come when they come, so that none is worth waiting for another.
        rate: frames a second, where it is a video that tells.
    """

    frames: Generator[Frame, None, None]
    live: bool = False
    rate: float | None = None


Source: TypeAlias = Image | int | Iterable[Image] | Frames
"""An image, a folder of images, a video file, the number of a camera, the address of a stream, images one by one, or
one of these that has been opened."""


def open_source(source: Source) -> Frames:
    """Open what holds images.

    Raises:
        DataError: when there is no such thing, or it cannot be opened.
    """
    if isinstance(source, Frames):
        return source
    if isinstance(source, str | Path) and not is_address(source):
        path = Path(source).expanduser()
        if path.is_dir():
            return Frames(Frame(file, str(file), place) for place, file in enumerate(images_of_folder(path)))
        if not path.exists():
            raise DataError(f"{source}: {what_else(str(source)) or 'no such file'}")
        source = path
    if is_video(source):
        video = Video(cast("str | Path | int", source))
        return Frames(_of_video(video), video.live, video.rate)
    images = [source] if is_one_image(source) else cast("Iterable[Image]", source)
    return Frames(Frame(image, _name(image), place) for place, image in enumerate(cast("Iterable[Image]", images)))


def images_of_folder(folder: Path, on_problem: Callable[[Problem], None] | None = None) -> list[Path]:
    """Return the image files in a folder and below, sorted; hidden ones are left out.

    Args:
        folder: that is there.
        on_problem: called with what is left out.

    Raises:
        DataError: when there are none.
    """
    problems: list[Problem] = []
    found, others = images_below(folder, problems)
    if others:
        names = some(other.relative_to(folder).as_posix() for other in sorted(others))
        files = counted(len(others), "file is no image", "files are no images")
        problems.append(Problem(str(folder), f"{files} by the extension, and skipped: {names}"))
    if not found:
        raise DataError("\n".join([f"{folder}: holds no images", *map(str, problems)]))
    if on_problem is not None:
        for problem in problems:
            on_problem(problem)
    return sorted(found)


def _name(image: Image) -> str:
    return str(image) if isinstance(image, str | Path) else ""


def _of_video(video: Video) -> Generator[Frame, None, None]:
    """Yield the frames of a video, which another thread reads: a file's ahead, a camera's the newest."""
    with video:
        reader = _Reader(video, 1 if video.live else _READ_AHEAD, newest=video.live)
        try:
            for shot in reader:
                yield Frame(shot.image_HW3, video.name, shot.number, shot.seconds)
        finally:
            reader.close()


class _Reader:
    """Reads a video in a thread of its own.

    Args:
        video: to be read.
        room: frames that are kept for whoever takes them.
        newest: whether a frame for which there is no room takes the place of the oldest; else the thread waits.
    """

    def __init__(self, video: Video, room: int, *, newest: bool) -> None:
        self._video, self._room, self._newest = video, room, newest
        self._shots: deque[Shot] = deque(maxlen=room)
        self._changed = Condition()
        self._ended = self._closed = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._read, name="visionft-video", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Shot]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._shots or self._ended)
                if not self._shots:
                    break
                shot = self._shots.popleft()
                self._changed.notify_all()
            yield shot
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Let the thread end; a frame that it is reading is waited for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _read(self) -> None:
        try:
            for shot in self._video:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._newest or len(self._shots) < self._room)
                    if self._closed:
                        return
                    self._shots.append(shot)
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001  # raised again where the frames are taken
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

"""Predictions for videos, cameras and streams, from an exported file."""

import json
import re
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from urllib.parse import urlsplit

from visionft.errors import DataError
from visionft.imaging.video import VideoWriter, is_address, is_video
from visionft.predict import Predictor
from visionft.predict.sources import Frame, open_source
from visionft.tasks import TASKS
from visionft.tasks.base import DrawablePrediction, Prediction


def as_clip(text: str) -> str | int | None:
    """Return what a word of the command line names where that moves: a video file, an address, the number of a camera.

    A file or folder that is called like a number is meant, if there is one.
    """
    if text.isdecimal() and not Path(text).exists():
        return int(text)
    return text if is_video(text) else None


class SavedClip(NamedTuple):
    """What is written of a clip.

    Attributes:
        video: with what was predicted drawn into its frames.
        lines: JSON, a line for each frame.
    """

    video: Path
    lines: Path


def saved_clip(clip: str | int, folder: Path) -> SavedClip:
    """Return what a clip is saved as in a folder."""
    if isinstance(clip, int):
        name = f"camera-{clip}"
    elif is_address(clip):
        address = urlsplit(clip)
        name = re.sub(r"[^\w.-]+", "-", f"{address.hostname or ''}{address.path}").strip("-") or "stream"
    else:
        name = Path(clip).stem
    return SavedClip(folder / f"{name}.overlay.mp4", folder / f"{name}.jsonl")


def row_of(frame: Frame, prediction: Prediction) -> dict[str, Any]:
    """Return what was predicted of a frame as plain values."""
    when = {} if frame.seconds is None else {"seconds": round(frame.seconds, 3)}
    return {"video": frame.source, "frame": frame.number, **when, **prediction.to_dict()}


def predict_clip(
    predictor: Predictor,
    clip: str | int,
    save: SavedClip | None = None,
    on_error: Callable[[Frame, DataError], None] | None = None,
    *,
    track: bool = False,
) -> Generator[tuple[Frame, Prediction], None, None]:
    """Yield each frame with its prediction.

    Whatever ends the iteration, what was predicted until then has been written.

    Args:
        predictor: of an exported file.
        clip: a video file, the number of a camera, or the address of a stream.
        save: files to write: the clip with what was predicted drawn over it, and JSON lines.
        on_error: called where the clip breaks off; none raises.
        track: whether objects are followed through the frames.

    Raises:
        DataError: when the clip cannot be opened or breaks off, or what was predicted is nothing to draw or to track.
    """
    if save is not None and not TASKS[predictor.spec.task].prediction.endings:
        raise DataError(f"--save: a model for {predictor.spec.task} gives nothing to draw; use --json")
    with ExitStack() as opened:
        source = open_source(clip)
        opened.enter_context(closing(source.frames))
        found = (predictor.track if track else predictor.watch)(source, on_error=on_error)
        opened.enter_context(closing(found))
        files = None if save is None else _Files(opened, save, source.rate)
        for frame, prediction in found:
            if files is not None:
                files.write(frame, prediction)
            yield frame, prediction


class _Files:
    """Writes what was predicted of a clip.

    Args:
        opened: closes what is opened here.
        save: the files.
        rate: frames a second, where it is known.
    """

    def __init__(self, opened: ExitStack, save: SavedClip, rate: float | None) -> None:
        self._lines = opened.enter_context(_open(save.lines))
        self._video = opened.enter_context(VideoWriter(save.video, rate))

    def write(self, frame: Frame, prediction: Prediction) -> None:
        self._lines.write(json.dumps(row_of(frame, prediction), allow_nan=False) + "\n")
        if isinstance(prediction, DrawablePrediction):
            self._video.add(prediction.overlay(frame.image))


def _open(path: Path) -> TextIO:
    try:
        with suppress(FileExistsError):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", buffering=1)  # a line is whole, whatever happens then
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from error

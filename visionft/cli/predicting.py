"""What ``visionft predict`` prints while it goes on."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from visionft.api import clips, prediction
from visionft.cli.output import print_json, print_lines, print_note
from visionft.errors import DataError
from visionft.predict import Predictor


def predict_all(
    model: Path, sources: Sequence[str], save: Path | None, threshold: float | None, *, track: bool, json: bool
) -> list[str]:
    """Print what is in images and videos; return what is wrong with those that cannot be used.

    What was predicted until a signal comes is printed and saved all the same.
    """
    moving = {source: clip for source in sources if (clip := clips.as_clip(source)) is not None}
    images = [source for source in sources if source not in moving]
    if track and (images or not moving):
        raise DataError(f"--track: {images[0]} does not move; give a video, the address of a stream, or a camera (0)")
    failed = _images(model, images, save, threshold, json=json, lines=bool(moving)) if images else []
    return failed + (_clips(model, moving, save, threshold, track=track, json=json) if moving else [])


def _images(
    model: Path, images: Sequence[str], save: Path | None, threshold: float | None, *, json: bool, lines: bool
) -> list[str]:
    failed: dict[Path, DataError] = {}
    rows: list[dict[str, Any]] = []
    try:
        for path, result in prediction.predict(model, images, save, failed.__setitem__, threshold, print_note):
            if json and lines:
                print_json({"image": str(path), **result.to_dict()})
            elif json:
                rows.append({"image": str(path), **result.to_dict()})
            else:
                print_lines(f"{path}  {result}")
    except KeyboardInterrupt:
        if rows:
            print_json(rows)
        raise
    errors = [{"image": str(path), "error": str(error)} for path, error in failed.items()]
    if json and lines:
        for row in errors:
            print_json(row)
    elif json:
        print_json([*rows, *errors])
    return [str(error) for error in failed.values()]


def _clips(
    model: Path, moving: dict[str, str | int], save: Path | None, threshold: float | None, *, track: bool, json: bool
) -> list[str]:
    predictor = Predictor(model, threshold=threshold)
    files = _apart({clip: clips.saved_clip(clip, save.expanduser()) for clip in moving.values()} if save else {})
    failed: list[str] = []
    for clip in moving.values():
        count, saved = 0, files.get(clip)
        found = clips.predict_clip(predictor, clip, saved, lambda _, error: failed.append(str(error)), track=track)
        try:
            with closing(found):
                for frame, result in found:
                    count += 1
                    if json:
                        print_json(clips.row_of(frame, result))
                    else:
                        at = "" if frame.seconds is None else f" ({frame.seconds:.2f} s)"
                        print_lines(f"{frame.source} {frame.number}{at}  {result}")
        finally:
            if saved and count:
                print_note(f"{count} frames predicted: {saved.video}, {saved.lines}")
    return failed


def _apart(files: dict[str | int, clips.SavedClip]) -> dict[str | int, clips.SavedClip]:
    """Return which files each clip is saved as.

    Raises:
        DataError: when two would be saved as the same.
    """
    of_file: dict[Path, str | int] = {}
    for clip, saved in files.items():
        if saved.lines in of_file:
            raise DataError(f"--save: {of_file[saved.lines]} and {clip} would both be saved as {saved.lines}")
        of_file[saved.lines] = clip
    return files

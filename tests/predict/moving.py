"""Videos with known frames: a square that moves over a dark ground."""

from pathlib import Path

import cv2
import numpy as np

SIZE = (64, 48)  # the detector's canvas has this aspect ratio
RATE = 10.0


def frame(number: int, count: int) -> np.ndarray:
    """Return the RGB frame: a bright red square, from left to right."""
    image = np.full((SIZE[1], SIZE[0], 3), 8, np.uint8)
    left = round(44 * number / max(1, count - 1))
    image[16:32, left : left + 16, 0] = 240
    return image


def write_video(path: Path, count: int = 12) -> Path:
    """Write a video of Motion JPEG, whose frames stand alone."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, SIZE)
    assert writer.isOpened()
    for number in range(count):
        writer.write(frame(number, count)[..., ::-1])
    writer.release()
    return path


def cut_off(path: Path, keep: float) -> Path:
    """Return a copy of a file without its end."""
    data = path.read_bytes()
    cut = path.with_name(f"cut-{path.name}")
    cut.write_bytes(data[: int(len(data) * keep)])
    return cut

"""Folders of small distinct images, made for one test."""

from pathlib import Path

import cv2
import numpy as np


def write_image(path: Path, content: int, size: tuple[int, int] = (12, 10)) -> Path:
    """Write a picture of (width, height); the same content and size give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(content).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def make_folder(root: Path, counts: dict[str, int]) -> Path:
    """Write so many different images into each folder below root."""
    content = 0
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            write_image(root / folder / f"{number}.png", content)
            content += 1
    return root

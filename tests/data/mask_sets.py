"""Small images with masks, made for one test."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.data.folders import write_image

SIZE = (12, 10)  # width, height


def write_mask(path: Path, values, size: tuple[int, int] = SIZE) -> Path:
    """Write a grey PNG in which the given values fill the rows in turn, from the top."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(path, rows_of(values, size))


def rows_of(values, size: tuple[int, int] = SIZE) -> np.ndarray:
    values = np.asarray(values)
    rows = values[np.arange(size[1]) % len(values)]
    stretched = np.repeat(rows[:, None], size[0], axis=1)
    return stretched.astype(np.uint16 if stretched.max() > 255 else np.uint8)


def save(path: Path, pixels: np.ndarray, palette: list[int] | None = None) -> Path:
    """Write an index image, or one with the palette's colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette)
    image.save(path)
    return path


def make_pairs(root: Path, folders: dict[tuple[str, str], int], values=(0, 1, 2)) -> Path:
    """Write so many images and masks into each pair of folders; every image is different."""
    content = 0
    for (images, masks), count in folders.items():
        for _ in range(count):
            write_image(root / images / f"{content}.png", content, SIZE)
            write_mask(root / masks / f"{content}.png", values)
            content += 1
    return root


def write_turned_jpeg(path: Path) -> Path:
    """Write a 12 x 10 JPEG whose EXIF orientation makes viewers show 10 x 12 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.random.default_rng(7).integers(0, 255, (10, 12, 3), dtype=np.uint8)).save(path, exif=exif)
    assert cv2.imread(str(path)).shape[:2] == (12, 10)
    return path

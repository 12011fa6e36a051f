"""A small picture with no symmetry, written in many ways by Pillow."""

import io

import cv2
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 48, 32


def smooth_picture() -> Image.Image:
    """Return a 48 x 32 RGB picture, smooth enough for JPEG and different in each corner."""
    coarse = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))


def see_through() -> Image.Image:
    """Return the picture with every degree of transparency."""
    picture = smooth_picture()
    alpha = np.linspace(0, 255, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint8)
    picture.putalpha(Image.fromarray(alpha))
    return picture


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pillow_rgb(data: bytes) -> np.ndarray:
    """Decode with Pillow, upright and on white: the independent reference."""
    from PIL import ImageOps

    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.asarray(picture.convert("RGB"))


def places(whole: np.ndarray, part: np.ndarray) -> list[tuple[int, int]]:
    """Return where (x, y) a picture lies in another one, pixel for pixel."""
    high, wide = part.shape[:2]
    corners = (whole[: whole.shape[0] - high + 1, : whole.shape[1] - wide + 1] == part[0, 0]).all(axis=2)
    return [(x, y) for y, x in np.argwhere(corners) if np.array_equal(whole[y : y + high, x : x + wide], part)]

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from visionft.imaging import decode, index_png

PALETTE = ((0, 0, 0), (255, 0, 0), (0, 128, 255))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (37, 53)])
def test_pillow_and_opencv_read_values_and_colours(shape):
    mask = np.random.default_rng(0).choice(np.uint8([0, 1, 2, 255]), shape)
    data = index_png(mask, PALETTE)
    picture = Image.open(io.BytesIO(data))
    assert picture.mode == "P"
    assert (np.asarray(picture) == mask).all()
    colours = np.array([*PALETTE, *[(255, 255, 255)] * 253], np.uint8)[mask]
    assert (np.asarray(picture.convert("RGB")) == colours).all()
    assert (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) == colours).all()
    assert (decode(data) == colours).all()  # our own reader checks the checksums


def test_a_palette_may_be_full():
    palette = tuple((i, 255 - i, 7) for i in range(256))
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (
        np.asarray(Image.open(io.BytesIO(index_png(mask, palette))).convert("RGB")) == np.array(palette)[mask]
    ).all()

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from visionft.report.pictures import jpeg_uri


def decode(uri):
    head, _, body = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(BytesIO(b64decode(body)))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((600, 400), (288, 192)), ((400, 600), (192, 288)), ((100, 50), (100, 50)), ((3000, 2), (288, 1))],
)
def test_large_images_shrink_and_small_ones_stay(size, expected):
    assert decode(jpeg_uri(np.zeros((size[1], size[0], 3), np.uint8))).size == expected


def test_colours_keep_their_order():
    image_HW3 = np.zeros((32, 32, 3), np.uint8)
    image_HW3[...] = [200, 90, 20]
    assert np.abs(np.asarray(decode(jpeg_uri(image_HW3)), int) - [200, 90, 20]).max() <= 6

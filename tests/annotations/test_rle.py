import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rle import decompress_counts, encode, run_bounds
from visionft.errors import DataError


@st.composite
def parts(draw):
    """Draw a mask somewhere in an image, and the image's (width, height)."""
    size = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    (left, right), (top, bottom) = (
        sorted(draw(st.tuples(st.integers(0, side), st.integers(0, side)))) for side in size
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    share = draw(st.sampled_from([0.0, 0.1, 0.5, 0.95, 1.0]))
    return ObjectMask(left, top, rng.random((bottom - top, right - left)) < share), size


def whole(mask, size):
    image = np.zeros(size[::-1], np.uint8)
    rows, columns = mask.pixels_hw.shape
    image[mask.top : mask.top + rows, mask.left : mask.left + columns] = mask.pixels_hw
    return image


@settings(max_examples=200, deadline=None)
@given(parts())
def test_the_text_is_that_of_pycocotools(drawn):
    mask, size = drawn
    assert encode(mask, size) == coco.encode(np.asfortranarray(whole(mask, size)))["counts"].decode()


@settings(deadline=None)
@given(parts())
def test_bounds_are_where_the_pixels_change(drawn):
    mask, size = drawn
    pixels = np.concatenate([[0], whole(mask, size).T.ravel(), [0]])
    assert run_bounds(mask, size[1]).tolist() == np.flatnonzero(pixels[1:] != pixels[:-1]).tolist()


@pytest.mark.parametrize("pixels", [np.zeros((0, 0), bool), np.zeros((0, 4), bool), np.zeros((3, 4), bool)])
def test_a_mask_of_nothing_is_one_run(pixels):
    assert decompress_counts(encode(ObjectMask(2, 1, pixels), (9, 7))) == [63]


def test_columns_that_are_full_make_one_run():
    assert decompress_counts(encode(ObjectMask(2, 0, np.ones((7, 3), bool)), (9, 7))) == [14, 21, 28]
    assert decompress_counts(encode(ObjectMask(0, 0, np.ones((7, 9), bool)), (9, 7))) == [0, 63]


def test_long_runs():
    size = (40_000, 50_000)
    text = encode(ObjectMask(39_000, 0, np.ones((1, 1), bool)), size)
    assert decompress_counts(text) == [39_000 * 50_000, 1, 1000 * 50_000 - 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("o\n", "where no such character can be"),
        ("o", "cut off"),
    ],
)
def test_what_is_no_encoding_is_told(text, message):
    with pytest.raises(DataError, match=message):
        decompress_counts(text)


def test_a_large_image_costs_no_more_than_the_object():
    y, x = np.mgrid[:400, :400]
    mask = ObjectMask(3000, 2000, (x - 200) ** 2 + (y - 200) ** 2 < 200**2)
    tracemalloc.start()
    start = time.process_time()
    for _ in range(100):
        encode(mask, (4000, 3000))
    seconds = time.process_time() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6  # the image has 12e6 pixels
    assert seconds < 2  # takes 0.1

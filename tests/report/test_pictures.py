import cv2
import numpy as np
import pytest

from tests.report.pages import read
from visionft.report.pictures import class_legend, fit, jpeg_uri, shrink, thumbnail_uri


@pytest.mark.parametrize(
    ("size", "expected"),
    [((600, 400), (288, 192)), ((400, 600), (192, 288)), ((100, 50), (100, 50)), ((3000, 2), (288, 1))],
)
def test_large_images_shrink_and_small_ones_stay(size, expected):
    assert read(thumbnail_uri(np.zeros((size[1], size[0], 3), np.uint8))).size == expected


def test_colours_keep_their_order():
    image_HW3 = np.zeros((32, 32, 3), np.uint8)
    image_HW3[...] = [200, 90, 20]
    assert np.abs(np.asarray(read(jpeg_uri(image_HW3)), int) - [200, 90, 20]).max() <= 6


def test_a_smaller_mask_holds_no_new_values():
    mask_HW = np.zeros((90, 120), np.uint8)
    mask_HW[:, 37:] = 255
    small_HW = shrink(mask_HW, 40, cv2.INTER_NEAREST_EXACT)
    assert small_HW.shape == (30, 40)
    assert small_HW.dtype == np.uint8
    assert set(np.unique(small_HW)) == {0, 255}
    assert (small_HW == 255).mean() == pytest.approx((mask_HW == 255).mean(), abs=0.02)


def test_small_images_are_enlarged_by_whole_pixels():
    image_HW3 = np.random.default_rng(0).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    found_HW3 = fit(image_HW3, 320)
    assert found_HW3.shape == (128, 192, 3)
    assert np.array_equal(found_HW3[1::4, 2::4], image_HW3)
    assert fit(np.zeros((640, 320), np.uint8), 320).shape == (320, 160)


def test_legends_name_what_occurs_in_label_order():
    red, black = (255, 0, 0), (0, 0, 0)
    assert class_legend([2, 255, 0, -2], ("sky", "road", "car"), (black, red, red)) == [
        ("sky (not painted)", black),
        ("car", red),
    ]

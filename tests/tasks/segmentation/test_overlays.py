from pathlib import Path

import numpy as np
import pytest

from tests.data.samples import make_example
from tests.report.pages import read
from tests.tasks.segmentation.scenes import colours, maps, mask_example
from visionft import report
from visionft.annotations.marks import IGNORE
from visionft.tasks.segmentation import overlays


@pytest.fixture
def scene():
    """A grey image, its truth and a prediction that is 5 pixels off."""
    truth_HW, predicted_HW = maps(3, 5)
    return np.full((*truth_HW.shape, 3), 128, np.uint8), truth_HW, predicted_HW


def test_the_error_map_marks_what_is_wrong_and_nothing_else(scene):
    _, truth_HW, predicted_HW = scene
    map_HW3 = overlays.error_map(*scene)
    marked_HW = (map_HW3 == overlays.WRONG).all(axis=2)
    assert np.array_equal(marked_HW, (truth_HW != predicted_HW) & (truth_HW != IGNORE))
    assert 0 < marked_HW.mean() < 0.5
    right_N3 = map_HW3[truth_HW == predicted_HW]
    assert (right_N3 == right_N3[:, :1]).all()  # grey


def test_ignored_pixels_are_striped_and_the_others_stay(scene):
    image_HW3, truth_HW, _ = scene
    hatched_HW3 = overlays.hatch_ignored(image_HW3, truth_HW)
    assert np.array_equal(hatched_HW3[truth_HW != IGNORE], image_HW3[truth_HW != IGNORE])
    stripes_N3, counts_N = np.unique(hatched_HW3[truth_HW == IGNORE], axis=0, return_counts=True)
    assert len(stripes_N3) == 2
    assert counts_N.min() > 0.4 * counts_N.sum()
    assert (image_HW3 == 128).all()  # not written into


def test_the_four_pictures():
    example = mask_example(3, 5)
    pictures = overlays.mask_pictures(example, colours(3))
    assert [picture.name for picture in pictures] == ["image", "truth", "prediction", "errors"]
    pixels = {picture.name: np.asarray(read(picture.uri), int) for picture in pictures}
    assert {array.shape for array in pixels.values()} == {(60, 90, 3)}
    # inside the first stripe: half the image's red, half the colour of class 0
    for name in ("truth", "prediction"):
        assert np.abs(pixels[name][20, 15] - [128, 128, 50]).max() < 12
    assert np.abs(pixels["image"][20, 15] - [255, 0, 0]).max() < 12
    # right of the second boundary the stripe has moved too far
    assert np.abs(pixels["errors"][20, 32] - overlays.WRONG).max() < 30


def test_the_legend_has_the_colours_of_the_pictures():
    style = Path(report.__file__).with_name("style.html.j2").read_text(encoding="utf-8")
    assert ".swatch.wrong {{ background: rgb({} {} {}); }}".format(*overlays.WRONG) in style


def test_the_mask_of_a_training_image():
    image, mask = np.full((640, 320, 3), 100, np.uint8), np.zeros((640, 320), np.uint8)
    mask[:, 160:] = IGNORE
    found = overlays.draw_mask(make_example(image, mask), ((255, 0, 0),), 320)
    assert found.shape == (320, 160, 3)
    assert (found[:, :78] == (154, 65, 65)).all()  # 35 % red over grey
    assert (found[:, 82:] == 100).all()

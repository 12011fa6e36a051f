"""Predictor and results of a segmentation."""

import json
from dataclasses import replace

import cv2
import numpy as np
import PIL.Image
import pytest

from tests.predict.stand_in import SEGMENTATION, write_segmenter
from visionft.errors import DataError
from visionft.imaging import decode, default_palette
from visionft.predict import Predictor
from visionft.spec import InputSpec
from visionft.tasks.segmentation.prediction import Segmentation

TILED = replace(SEGMENTATION, input=InputSpec(12, 16, fit="tile"), palette=((0, 0, 0), (10, 200, 30), (5, 6, 7)))
SIZES = [(1, 1), (1, 40), (40, 1), (10, 9), (16, 12), (61, 35)]


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return Predictor(write_segmenter(tmp_path_factory.mktemp("model") / "m.onnx"), threads=1)


@pytest.fixture(scope="module")
def tiled(tmp_path_factory):
    return Predictor(write_segmenter(tmp_path_factory.mktemp("model") / "m.onnx", TILED), threads=1)


def random_image(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_tiles_give_the_class_of_every_pixel(tiled, size):
    image = random_image(*size)
    result = tiled(image)
    assert isinstance(result, Segmentation)
    assert (result.mask_HW == image.argmax(-1)).all()
    assert result.palette == TILED.palette


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_image_keeps_its_size(predictor, size):
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[..., 1] = 220
    result = predictor(image)
    assert result.mask_HW.shape == (size[1], size[0])
    assert result.mask_HW.dtype == np.uint8
    assert (result.mask_HW == 1).all()


def test_halves_stay_where_they_are(predictor):
    image = np.zeros((60, 80, 3), np.uint8)
    image[:, :40, 0], image[:, 40:, 2] = 255, 255
    mask = predictor(image).mask_HW
    assert (mask[:, :39] == 0).all()
    assert (mask[:, 41:] == 2).all()


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_several_images_are_as_each_alone(predictor, tiled, batch_size):
    images = [random_image(*size, seed) for seed, size in enumerate(SIZES)]
    for model in (predictor, tiled):
        together = model(images, batch_size=batch_size)
        assert all((one.mask_HW == model(image).mask_HW).all() for one, image in zip(together, images, strict=True))
        assert [one.mask_HW.shape[::-1] for one in together] == SIZES


def test_tiled_images_are_taken_two_at_a_time_at_most(tiled):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield random_image(40, 30)

    stream = tiled.stream(endless(), batch_size=16)
    for results in range(1, 4):
        next(stream)
        assert taken <= results + 1
    stream.close()


def test_grey_is_its_channel_three_times(tiled):
    grey = random_image(30, 20)[..., 0]
    assert (tiled(grey).mask_HW == 0).all()  # the first of equal classes
    assert tiled(grey).overlay(grey).shape == (20, 30, 3)


def test_canvases(predictor):
    images_BHW3 = np.stack([random_image(16, 12, seed) for seed in range(3)])
    found = predictor.predict_canvases(images_BHW3)["probabilities"]
    powers = np.exp(np.moveaxis(images_BHW3, 3, 1).astype(np.float64) / 10 - 25.5)
    assert (found.shape, found.dtype) == ((3, 3, 12, 16), np.float32)
    np.testing.assert_allclose(found, powers / powers.sum(1, keepdims=True), rtol=1e-4, atol=1e-7)


def result(mask, palette=()):
    return Segmentation.of(np.array(mask, np.uint8), replace(SEGMENTATION, palette=palette))


def test_shares_are_of_the_pixels_with_a_prediction():
    found = result([[0, 0, 2, 255], [0, 2, 2, 255]])
    assert found.class_fractions == {"red": 0.5, "green": 0.0, "blau": 0.5}
    assert json.loads(json.dumps(found.to_dict())) == {"classes": found.class_fractions, "height": 2, "width": 4}
    assert set(result([[255]]).class_fractions.values()) == {0.0}


def test_a_model_without_colours_gets_default_ones():
    assert result([[0]]).palette == default_palette(SEGMENTATION.class_names)


def test_a_saved_mask_keeps_values_and_shows_colours(tmp_path):
    found = result([[0, 1, 2], [2, 2, 255]], TILED.palette)
    found.save(tmp_path / "mask.png")
    picture = PIL.Image.open(tmp_path / "mask.png")
    assert np.asarray(picture).tolist() == found.mask_HW.tolist()
    assert picture.convert("RGB").getpixel((1, 0)) == (10, 200, 30)


def test_overlay(tmp_path):
    image = np.full((40, 60, 3), 100, np.uint8)
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 30:] = 1
    found = result(mask, TILED.palette)
    overlay = found.overlay(image)
    assert (overlay[:, :30] == 100).all()
    assert (overlay[:, 30] == [10, 200, 30]).all()
    assert (overlay[:, 31:] == [55, 150, 65]).all()
    cv2.imwrite(str(tmp_path / "a.png"), image)
    found.save_overlay(tmp_path / "a.png", tmp_path / "overlay.tmp")  # the name does not decide the kind
    assert (tmp_path / "overlay.tmp").read_bytes().startswith(b"\xff\xd8\xff")
    assert np.abs(decode(tmp_path / "overlay.tmp")[:, 40:].astype(int) - [55, 150, 65]).max() <= 3


def test_overlay_on_another_image():
    with pytest.raises(DataError, match=r"shape \(5, 4, 3\); the mask is for one of 1 rows and 2 columns"):
        result([[0, 1]]).overlay(np.zeros((5, 4, 3), np.uint8))

"""Predictor and results of an instance segmentation."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pycocotools import mask as coco

from tests.predict.stand_in import CELLS, INSTANCES, write_detector
from visionft.annotations.object_mask import ObjectMask
from visionft.errors import DataError
from visionft.predict import Predictor
from visionft.spec import InputSpec
from visionft.tasks.instances.prediction import Instances
from visionft.tasks.objects.masks import paste, paste_within
from visionft.tasks.objects.prediction import Detection

TILED = replace(INSTANCES, input=InputSpec(12, 16, fit="tile", overlap=0.5), thresholds=())
SIZES = [(1, 1), (1, 40), (40, 1), (10, 9), (16, 12), (61, 35)]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("model") / "m.onnx", INSTANCES)


@pytest.fixture(scope="module")
def tiled_path(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("model") / "m.onnx", TILED)


def picture():
    """Return a picture with a green box of score 0.8 and a blue one of 0.94, of the double canvas's size."""
    image = np.zeros((24, 32, 3), np.uint8)
    image[4:10, 6:18, 1] = 204
    image[10:22, 20:30, 2] = 240
    return image


def square(left, top, right, bottom, size=(32, 24)):
    """Return the mask of an image with a rectangle."""
    mask_HW = np.zeros((size[1], size[0]), np.bool_)
    mask_HW[top:bottom, left:right] = True
    return mask_HW


def test_objects_have_their_pixels(path):
    result = Predictor(path, threads=1, threshold=0.5)(picture())
    assert isinstance(result, Instances)
    assert str(result) == "1 green, 1 blau"
    blue, green = (mask.whole(result.size) for mask in result.masks)
    assert (green == square(6, 4, 12, 10)).all()  # the left half of a box of 12 pixels
    x, y = np.arange(32) + 0.5, np.arange(24)[:, None] + 0.5
    assert (blue == (square(20, 10, 30, 22) & ((x - 20) / 10 <= (y - 10) / 12))).mean() > 0.99
    assert blue.sum() == pytest.approx(10 * 12 / 2, abs=8)


def test_thresholds_choose_boxes_and_masks(path):
    everything = Predictor(path, threads=1, threshold=0.001)(picture())
    ours = Predictor(path, threads=1)(picture())  # green needs 0.9
    for result in (ours, everything.above(), everything.above(0.9)):
        assert isinstance(result, Instances)
        assert str(result) == "1 blau"
        assert result.masks == everything.masks[:1]
    nothing = everything.above(0.95)
    assert (len(nothing), nothing.masks, str(nothing)) == (0, (), "nothing")
    assert len(everything) == len(everything.masks) == 2


@pytest.mark.parametrize(("threshold", "objects"), [(None, 1), (0.9, 1), (0.97, 0), (0.0, 2)])
def test_only_what_the_threshold_leaves_is_worked_out(path, tiled_path, threshold, objects, monkeypatch):
    pasted = []
    monkeypatch.setattr(
        "visionft.tasks.objects.detect.paste_within", lambda *given: pasted.append(0) or paste_within(*given)
    )
    assert len(Predictor(path, threads=1, threshold=threshold)(picture())) == len(pasted) == objects
    for model in (path, tiled_path):
        result = Predictor(model, threads=1, threshold=threshold)(picture())
        expected = Predictor(model, threads=1, threshold=0.0)(picture()).above(threshold)
        assert result.to_dict() == expected.to_dict()


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_several_images_are_as_each_alone(path, tiled_path, batch_size):
    generator = np.random.default_rng(0)
    images = [generator.integers(0, 200, (height, width, 3), dtype=np.uint8) for width, height in SIZES]
    for model in (path, tiled_path):
        predictor = Predictor(model, threads=1, threshold=0.0)
        together = list(predictor.stream(images, batch_size=batch_size))
        assert [result.to_dict() for result in together] == [predictor(image).to_dict() for image in images]
        assert [result.size for result in together] == SIZES
        assert sum(map(len, together)) > 6


def test_windows_show_what_the_whole_image_does(tiled_path):
    """Red fills its box, so that what windows see of it fills that of all of them."""
    image = np.zeros((40, 64, 3), np.uint8)
    image[5:9, 10:40, 0] = 200
    (mask,) = Predictor(tiled_path, threads=1)(image).masks
    assert (mask.whole((64, 40)) == square(10, 5, 40, 9, (64, 40))).all()


def test_canvases_have_raw_results(path):
    found = Predictor(path, threads=1).predict_canvases(np.zeros((2, 12, 16, 3), np.uint8))
    assert {name: values.shape for name, values in found.items()} == {
        "boxes": (2, 3, 4),
        "scores": (2, 3),
        "labels": (2, 3),
        "count": (2,),
        "masks": (2, 3, *CELLS[0].shape),
    }


FOUND = np.float32([[10, 5, 30, 25, 0.9, 2], [40, 0, 60, 40, 0.7, 0], [0, 0, 5, 5, 0.6, 2]])


def result(found=FOUND, spec=INSTANCES, size=(60, 40)):
    masks = [paste(CELLS[int(row[5])], row[:4], size) for row in found]
    return Instances.of(found, size, spec, masks)


def test_every_detection_needs_a_mask():
    with pytest.raises(ValueError, match="3 detections and 1 masks"):
        Instances.of(FOUND, (60, 40), INSTANCES, [ObjectMask(0, 0, np.ones((2, 2), np.bool_))])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # by pycocotools
def test_as_json(tmp_path):
    found, plain = result(), Detection.of(FOUND, (60, 40), INSTANCES).to_dict()
    given = json.loads(json.dumps(found.to_dict()))
    for one, expected, mask in zip(given["detections"], plain["detections"], found.masks, strict=True):
        encoded = one.pop("segmentation")
        assert encoded["size"] == [40, 60]
        assert (coco.decode(encoded) == mask.whole((60, 40))).all()
        assert one.pop("area") == coco.area(encoded) > 0
        assert one == expected
    assert {key: value for key, value in given.items() if key != "detections"} == {"height": 40, "width": 60}
    found.save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == found.to_dict()
    assert result(FOUND[:0]).to_dict()["detections"] == []


def test_overlay(tmp_path):
    spec = replace(INSTANCES, palette=((250, 10, 20), (0, 0, 0), (10, 60, 250)))
    image = np.full((400, 600, 3), 100, np.uint8)
    found = result(np.float32([[50, 100, 250, 300, 0.9, 0], [300, 100, 500, 350, 0.8, 2]]), spec, (600, 400))
    overlay = found.overlay(image)
    assert (image == 100).all()
    assert overlay[200, 150].tolist() == [175, 55, 60]  # half the colour
    assert (overlay[250, 50] == spec.palette[0]).all()
    assert overlay[300, 340].tolist() == [55, 80, 175]
    assert (overlay[150, 450] == 100).all()  # in the box, above the diagonal
    assert (overlay[225, 400] == spec.palette[2]).all()  # the outline
    assert (found.overlay(image, opacity=0)[200, 150] == 100).all()
    found.save_overlay(image, tmp_path / "overlay.tmp")
    assert (tmp_path / "overlay.tmp").read_bytes().startswith(b"\xff\xd8\xff")
    assert (result(FOUND[:0], spec, (600, 400)).overlay(image) == image).all()
    with pytest.raises(DataError, match=r"shape \(5, 4, 3\); the boxes are for one of 400 rows and 600 columns"):
        found.overlay(np.zeros((5, 4, 3), np.uint8))

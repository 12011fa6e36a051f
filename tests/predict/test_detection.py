"""Predictor and results of a detection."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.predict.stand_in import DETECTION, SEGMENTATION, expected_detections, write_detector, write_segmenter
from visionft.errors import DataError
from visionft.imaging import decode, to_canvas
from visionft.predict import Predictor
from visionft.spec import InputSpec
from visionft.tasks.objects.prediction import Detection

TILED = replace(DETECTION, input=InputSpec(12, 16, fit="tile", overlap=0.5), thresholds=())
SIZES = [(1, 1), (1, 40), (40, 1), (10, 9), (16, 12), (61, 35)]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("model") / "m.onnx")


@pytest.fixture(scope="module")
def tiled_path(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("model") / "m.onnx", TILED)


def picture(width=32, height=24):
    """Return a picture with a green box of score 0.8 and a blue one of 0.94, of the double canvas's size."""
    image = np.zeros((height, width, 3), np.uint8)
    image[4:10, 6:18, 1] = 204
    image[10:22, 20:30, 2] = 240
    return image


def rows(result):
    return [(one["label"], one["index"], round(one["score"], 4), one["box"]) for one in result.to_dict()["detections"]]


GREEN, BLUE = ("green", 1, 0.8, [6, 4, 18, 10]), ("blau", 2, 0.9412, [20, 10, 30, 22])


def test_each_class_has_a_threshold_of_its_own(path):
    result = Predictor(path, threads=1)(picture())
    assert isinstance(result, Detection)
    assert rows(result) == [BLUE]  # green needs 0.9
    assert (result.boxes_N4.dtype, result.scores_N.dtype, result.labels_N.dtype) == (np.float32, np.float32, np.int64)
    assert result.thresholds == DETECTION.thresholds


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.0, [BLUE, GREEN]), (0.8, [BLUE, GREEN]), (0.81, [BLUE]), (1.0, [])]
)
def test_one_threshold_for_all_classes(path, threshold, expected):
    assert rows(Predictor(path, threads=1, threshold=threshold)(picture())) == expected


def test_a_model_without_thresholds_asks_for_a_half(tiled_path):
    image = picture()
    image[2, 2, 0] = 128  # red with 0.502
    assert [row[0] for row in rows(Predictor(tiled_path, threads=1)(image))] == ["blau", "green", "red"]
    image[2, 2, 0] = 127
    image[2, 2, 1] = 0
    assert len(Predictor(tiled_path, threads=1)(image)) == 2


def test_the_user_chooses_later(path):
    everything = Predictor(path, threads=1, threshold=0.001)(picture())
    assert rows(everything) == [BLUE, GREEN]
    assert rows(everything.above()) == [BLUE]
    assert rows(everything.above(0.9)) == [BLUE]
    assert rows(everything.above(0.95)) == []
    assert len(everything) == 2


@pytest.mark.parametrize("threshold", [-0.1, 1.01, float("nan")])
def test_a_threshold_out_of_range(path, threshold):
    with pytest.raises(DataError, match=r"threshold: .*; a score from 0 to 1 is needed"):
        Predictor(path, threshold=threshold)


def test_other_tasks_have_no_threshold(tmp_path):
    with pytest.raises(
        DataError, match=r"threshold: .*m\.onnx does segmentation; only detection and instance_segmentation"
    ):
        Predictor(write_segmenter(tmp_path / "m.onnx", SEGMENTATION), threshold=0.5)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_several_images_are_as_each_alone(path, tiled_path, batch_size):
    generator = np.random.default_rng(0)
    images = [generator.integers(0, 200, (height, width, 3), dtype=np.uint8) for width, height in SIZES]
    for model in (path, tiled_path):
        predictor = Predictor(model, threads=1, threshold=0.0)
        together = predictor(images, batch_size=batch_size)
        assert [result.to_dict() for result in together] == [predictor(image).to_dict() for image in images]
        assert [result.size for result in together] == SIZES
        assert sum(map(len, together)) > 6


def test_boxes_come_back_in_the_frame_of_the_image(path):
    """Against a search in the canvas, and what ``fit: pad`` does to a picture of 40 x 90."""
    image = np.zeros((90, 40, 3), np.uint8)
    image[30:60, 8:32, 0] = 255
    ((left, top, right, bottom, _, _),) = expected_detections(to_canvas(image, DETECTION.input))
    scale, border = 90 / 12, (16 - 5) // 2  # 40 / 7.5 is 5.33, so 5 columns show the image
    expected = [8 * (left - border), scale * top, 8 * (right - border), scale * bottom]
    ((_, _, _, box),) = rows(Predictor(path, threads=1)(image))
    assert box == expected


def test_canvases_have_raw_results(path):
    found = Predictor(path, threads=1).predict_canvases(to_canvas(picture(), DETECTION.input)[None])
    assert list(found) == ["boxes", "scores", "labels", "count"]
    assert found["count"].tolist() == [2]
    assert (found["scores"] > 0).tolist() == [[True, True, False]]


def result(found, spec=DETECTION, size=(60, 40)):
    return Detection.of(np.array(found, np.float32).reshape(-1, 6), size, spec)


MANY = [[0, 0, 5, 5, 0.9, 2], [5, 5, 9, 9, 0.8, 0], [1, 2, 3, 4, 0.7, 2], [8, 8, 9, 9, 0.6, 2]]


def test_what_people_read():
    assert str(result(MANY)) == "3 blau, 1 red"
    assert str(result([])) == "nothing"
    assert result(MANY).counts == {"red": 1, "green": 0, "blau": 3}


def test_as_json(tmp_path):
    found = result([[0.5, 0, 5, 5, 0.5, 2]])
    expected = {
        "detections": [{"label": "blau", "index": 2, "score": 0.5, "box": [0.5, 0, 5, 5]}],
        "height": 40,
        "width": 60,
    }
    assert json.loads(json.dumps(found.to_dict())) == expected
    found.save(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == expected
    assert result([]).to_dict()["detections"] == []


def test_overlay(tmp_path):
    spec = replace(DETECTION, palette=((250, 10, 20), (0, 0, 0), (10, 60, 250)))
    image = np.full((400, 600, 3), 100, np.uint8)
    found = result([[50, 200, 150, 300, 0.9, 0], [300, 100, 500, 350, 0.8, 2]], spec, (600, 400))
    overlay = found.overlay(image)
    assert overlay.shape == image.shape
    assert (image == 100).all()
    assert (overlay[250, 50] == spec.palette[0]).all()
    assert (overlay[349, 400] == spec.palette[2]).all()
    assert (overlay[250, 100] == 100).all()
    cv2.imwrite(str(tmp_path / "a.png"), image)
    found.save_overlay(tmp_path / "a.png", tmp_path / "overlay.tmp")  # the name does not decide the kind
    assert (tmp_path / "overlay.tmp").read_bytes().startswith(b"\xff\xd8\xff")
    assert np.abs(decode(tmp_path / "overlay.tmp").astype(int) - overlay).mean() < 2
    assert (result([], spec, (600, 400)).overlay(image) == image).all()


def test_lines_are_never_black():
    """A class called background is black in masks, where it is not to be seen."""
    names = ("background", "car", "Background")
    assert min(max(colour) for colour in result([], replace(DETECTION, class_names=names)).palette) > 60


def test_overlay_on_another_image():
    with pytest.raises(DataError, match=r"shape \(5, 4, 3\); the boxes are for one of 40 rows and 60 columns"):
        result([]).overlay(np.zeros((5, 4, 3), np.uint8))

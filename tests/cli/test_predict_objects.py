"""The verb predict, with a detector."""

import json

import cv2
import numpy as np
import pytest

from tests.predict.stand_in import INSTANCES, write_detector, write_segmenter


@pytest.fixture
def photo(tmp_path):
    image = np.zeros((48, 64, 3), np.uint8)
    image[8:20, 12:36, 1] = 204
    image[24:40, 40:60, 0] = 240  # BGR
    cv2.imwrite(str(tmp_path / "photo.png"), image)
    return tmp_path / "photo.png"


@pytest.fixture
def model(tmp_path):
    return write_detector(tmp_path / "m.onnx")


def test_for_people(visionft, model, photo):
    assert visionft("predict", model, photo).out == f"{photo}  1 blau\n"
    assert visionft("predict", model, photo, "--threshold", "0.2").out == f"{photo}  1 green, 1 blau\n"
    assert visionft("predict", model, photo, "--threshold", "1").out == f"{photo}  nothing\n"


def test_json(visionft, model, photo):
    ((row),) = visionft("predict", model, photo, "--json").json
    ((found),) = row["detections"]
    assert (row["image"], row["width"], row["height"]) == (str(photo), 64, 48)
    assert found == {"label": "blau", "index": 2, "score": pytest.approx(240 / 255), "box": [40, 24, 60, 40]}


def test_save(visionft, model, photo, tmp_path):
    result = visionft("predict", model, photo, "--save", tmp_path / "out", "--threshold", "0.2")
    assert result.code == 0
    assert len(json.loads((tmp_path / "out/photo.json").read_text())["detections"]) == 2
    assert cv2.imread(str(tmp_path / "out/photo.overlay.jpg")).shape == (48, 64, 3)


def test_masks(visionft, photo, tmp_path):
    model = write_detector(tmp_path / "masks.onnx", INSTANCES)
    assert visionft("predict", model, photo, "--threshold", "0.2").out == f"{photo}  1 green, 1 blau\n"
    result = visionft("predict", model, photo, "--json", "--save", tmp_path / "out")
    ((found),) = result.json[0]["detections"]
    assert found["segmentation"]["size"] == [48, 64]
    assert 0.4 * 20 * 16 < found["area"] < 0.6 * 20 * 16
    assert json.loads((tmp_path / "out/photo.json").read_text())["detections"] == [found]
    assert cv2.imread(str(tmp_path / "out/photo.overlay.jpg")).shape == (48, 64, 3)


def test_thresholds_that_are_none(refused, model, photo, tmp_path):
    assert "threshold: 1.5; a score from 0 to 1 is needed" in refused("predict", model, photo, "--threshold", "1.5")
    segmenter = write_segmenter(tmp_path / "s.onnx")
    assert "only detection and instance_segmentation" in refused("predict", segmenter, photo, "--threshold", "0.5")
    assert "--threshold" in refused("predict", model, photo, "--threshold", "high")

"""Objects saved for programs and drawn for people."""

import json

import cv2
import numpy as np
import pytest

from tests.predict.stand_in import INSTANCES, SPEC, write_detector, write_model
from visionft.api.prediction import predict
from visionft.errors import DataError


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_detector(tmp_path_factory.mktemp("model") / "m.onnx")


@pytest.fixture
def photos(tmp_path):
    """Two folders with a photo of the same name; a box of green with 0.8, and of blue with 0.94."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[8:20, 12:36, 1] = 204
    image[24:40, 40:60, 0] = 240  # BGR
    for part in ("a", "b"):
        (tmp_path / "photos" / part).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "photos" / part / "same.png"), image)
    return tmp_path / "photos"


def test_objects_are_saved_with_their_folders(model, photos, tmp_path):
    results = list(predict(model, [photos], tmp_path / "out"))
    assert [str(result) for _, result in results] == ["1 blau", "1 blau"]
    saved = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert saved == ["a/same.json", "a/same.overlay.jpg", "b/same.json", "b/same.overlay.jpg"]
    assert json.loads((tmp_path / "out/a/same.json").read_text()) == results[0][1].to_dict()
    drawn = cv2.imread(str(tmp_path / "out/a/same.overlay.jpg"))
    assert drawn.shape == (48, 64, 3)
    assert np.abs(drawn.astype(int) - cv2.imread(str(photos / "a/same.png"))).max() > 60


def test_objects_with_masks_are_saved_in_the_same_files(photos, tmp_path):
    model = write_detector(tmp_path / "m.onnx", INSTANCES)
    ((_, result),) = predict(model, [photos / "a"], tmp_path / "out", threshold=0.3)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["same.json", "same.overlay.jpg"]
    saved = json.loads((tmp_path / "out/same.json").read_text())
    assert saved == result.to_dict()
    assert [one["area"] for one in saved["detections"]] == [mask.area for mask in result.masks]
    assert saved["detections"][1]["area"] == 12 * 12  # the left half of green's box
    drawn = cv2.imread(str(tmp_path / "out/same.overlay.jpg"))
    assert drawn.shape == (48, 64, 3)
    assert np.abs(drawn.astype(int) - cv2.imread(str(photos / "a/same.png"))).max() > 60


def test_a_threshold_for_all_classes(model, photos):
    ((_, result),) = predict(model, [photos / "a"], threshold=0.3)
    assert [one["label"] for one in result.to_dict()["detections"]] == ["blau", "green"]
    with pytest.raises(DataError, match="threshold: 30; a score from 0 to 1"):
        list(predict(model, [photos], threshold=30))


def test_nothing_is_overwritten(model, photos, tmp_path):
    with pytest.raises(DataError, match=r"a/same\.png and .*b/same\.png would both be saved as .*same\.png\.json"):
        list(predict(model, [photos / "a/same.png", photos / "b/same.png"], tmp_path / "out"))
    (photos / "a/same.png").rename(photos / "a/same.overlay.jpg")
    (photos / "b/same.png").rename(photos / "a/same.png")
    before = (photos / "a/same.overlay.jpg").read_bytes()
    with pytest.raises(DataError, match=r"same\.overlay\.jpg is one of the images and would be overwritten"):
        list(predict(model, [photos / "a"], photos / "a"))
    assert (photos / "a/same.overlay.jpg").read_bytes() == before
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(model, photos):
    with pytest.raises(DataError, match=r"same\.json: cannot be written"):
        list(predict(model, [photos / "a"], photos / "a/same.png"))


def test_classes_of_whole_images_are_nothing_to_draw_and_have_no_threshold(photos, tmp_path):
    model = write_model(tmp_path / "m.onnx", SPEC)
    with pytest.raises(DataError, match="does classification, which gives nothing to draw"):
        list(predict(model, [photos], tmp_path / "out"))
    with pytest.raises(DataError, match=r"threshold: .* does classification; only detection and instance_segmentation"):
        list(predict(model, [photos], threshold=0.5))

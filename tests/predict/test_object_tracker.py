"""Objects followed through the frames of a video."""

import sys

import numpy as np
import pytest

from tests.predict.moving import SIZE, frame, write_video
from tests.predict.stand_in import INSTANCES, write_detector, write_model
from visionft.errors import DataError, MissingExtra
from visionft.predict import Predictor


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    pytest.importorskip("supervision")
    return Predictor(write_detector(tmp_path_factory.mktemp("model") / "m.onnx"), threads=1)


def two_squares(number, second=200):
    """Return a frame of a red square that goes right, and a green one that stays."""
    image = frame(number, 12)
    image[36:46, 40:60, 1] = second
    return image


def tracks(results):
    return [dict(zip(result.labels_N.tolist(), result.tracks_N.tolist(), strict=True)) for result in results]


def test_the_same_object_has_the_same_number(predictor, tmp_path):
    clip = write_video(tmp_path / "clip.avi")
    results = [result for _, result in predictor.track(clip)]
    assert [row[0] for row in tracks(results)] == [1] * 12
    assert results[5].to_dict()["detections"][0]["track"] == 1
    assert results[5].to_supervision().tracker_id.tolist() == [1]


def test_objects_are_told_apart_and_numbers_begin_again(predictor):
    for _ in range(2):
        found = tracks(result for _, result in predictor.track([two_squares(n, 240) for n in range(6)]))
        assert all(row == found[1] for row in found[1:])
        assert sorted(found[1].values()) == [1, 2]


def test_what_scores_too_low_is_reported_where_it_continues_a_track(predictor):
    frames = [two_squares(number, 240 if number < 3 else 150) for number in range(6)]  # 150 / 255 is below 0.9
    found = tracks(result for _, result in predictor.track(frames))
    assert all(1 in row for row in found)
    assert 1 not in predictor(frames[5]).labels_N
    never = tracks(result for _, result in predictor.track([two_squares(number, 150) for number in range(6)]))
    assert not any(1 in row for row in never)


def test_frames_without_objects(predictor):
    empty = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    found = [result for _, result in predictor.track([empty, empty, frame(0, 12), frame(0, 12), empty])]
    assert [len(result) for result in found] == [0, 0, 1, 1, 0]


def test_masks_go_along(tmp_path):
    pytest.importorskip("supervision")
    predictor = Predictor(write_detector(tmp_path / "m.onnx", INSTANCES), threads=1)
    found = [result for _, result in predictor.track([frame(number, 12) for number in range(4)])]
    assert [len(result.masks) for result in found] == [1] * 4
    assert found[-1].tracks_N.tolist() == [1]
    assert found[-1].overlay(frame(3, 12)).shape == (SIZE[1], SIZE[0], 3)


def test_what_cannot_be_tracked(tmp_path):
    with pytest.raises(DataError, match=r"classification.*detection"):
        Predictor(write_model(tmp_path / "m.onnx")).track([])


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(MissingExtra, match=r"visionft\[track\]"):
        Predictor(write_detector(tmp_path / "m.onnx")).track([])

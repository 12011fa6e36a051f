import numpy as np
import pytest
from hypothesis import given, settings

from tests.tasks.objects.detections import judge, scene_lists, scenes
from visionft.annotations.marks import CROWD, PADDING
from visionft.data.targets.boxes import Boxes
from visionft.tasks.objects import matching
from visionft.tasks.objects.matching import (
    IOUS_T,
    NOBODY,
    DetectedObjects,
    TargetObjects,
    match,
)


def truth_of(*boxes, crowd=()):
    return TargetObjects.of(Boxes(tuple(boxes), (0,) * len(boxes), tuple(i in crowd for i in range(len(boxes)))), 1)


@settings(max_examples=60, deadline=None)
@given(scene_lists())
def test_matches_are_those_of_pycocotools(images):
    evaluation = judge(images, 3)
    own = {(image, label): [] for image in range(1, len(images) + 1) for label in range(3)}
    firsts = np.cumsum([0, *(len(boxes) for _, boxes in images)])  # pycocotools numbers objects through, from 1
    for number, ((detections_N6, boxes), first) in enumerate(zip(images, firsts, strict=False), start=1):
        found = DetectedObjects.of(detections_N6, 3)
        object_NT = match(found, TargetObjects.of(boxes, 3))
        for label, object_T in zip(
            found.labels_N, np.where(object_NT == NOBODY, 0, object_NT + first + 1), strict=True
        ):
            own[number, label].append(object_T)
    checked = 0
    for image in evaluation.evalImgs:
        if image and image["aRng"] == [0, 1e10]:
            expected_TN = image["dtMatches"]
            mine = np.array(own[image["image_id"], image["category_id"] - 1]).reshape(-1, len(IOUS_T))
            assert np.array_equal(mine.T, expected_TN.reshape(len(IOUS_T), -1))
            checked += expected_TN.shape[1]
    assert checked == sum(len(detections_N6) for detections_N6, _ in images)


def test_a_crowd_takes_many_but_only_what_no_object_takes():
    rows = [(12, 10, 32, 30, score, 0) for score in (0.9, 0.8, 0.7)]  # the crowd holds more of them than the object
    found = DetectedObjects.of(np.array(rows, np.float32), 1)
    for crowd, one in ((0, 1), (1, 0)):
        boxes = {crowd: (0, 0, 100, 100), one: (10, 10, 30, 30)}
        truth = truth_of(boxes[0], boxes[1], crowd=[crowd])
        assert match(found, truth, np.array([0.5]))[:, 0].tolist() == [one, crowd, crowd]


def test_unused_rows_and_the_order():
    found = DetectedObjects.of(
        np.array([[0, 0, 1, 1, 0.2, 1], [0] * 6, [0, 0, 2, 2, 0.9, 0], [0, 0, 3, 3, 0.2, 0]], np.float32), 2
    )
    assert found.scores_N.tolist() == pytest.approx([0.9, 0.2, 0.2])
    assert found.labels_N.tolist() == [0, 1, 0]  # of the same score, the first first


def test_matches_do_not_depend_on_how_many_are_looked_at_together(monkeypatch):
    (detections_N6, boxes), *_ = scenes(3, 3, 1, objects=40, detections=200)
    found, truth = DetectedObjects.of(detections_N6, 3), TargetObjects.of(boxes, 3)
    together = match(found, truth)
    assert (together != NOBODY).any()
    monkeypatch.setattr(matching, "_BLOCK_ENTRIES", 3 * len(truth.labels_M))
    np.testing.assert_array_equal(match(found, truth), together)


def test_rows_of_a_batch():
    rows = [(0, 0, 5, 5, 1), (0, 0, 0, 0, PADDING), (1, 1, 9, 9, CROWD), (2, 2, 4, 4, 0)]
    truth = TargetObjects.on_canvas(np.array(rows, np.float32), 3)
    assert truth.labels_M.tolist() == [1, 0, 0, 1, 2]
    assert truth.crowd_M.tolist() == [False, True, False, True, True]
    assert truth.xyxy_M4.tolist() == [[0, 0, 5, 5], [1, 1, 9, 9], [2, 2, 4, 4], *[[1, 1, 9, 9]] * 2]


@pytest.mark.parametrize("label", [0, 1, 2])
def test_what_is_ignored_takes_detections_of_every_class(label):
    boxes = Boxes(((1, 1, 9, 9), (20, 20, 30, 30)), (CROWD, 2), (True, False))
    found = DetectedObjects.of(np.array([[2, 2, 8, 8, 0.9, label]], np.float32), 3)
    truth = TargetObjects.of(boxes, 3)
    row = match(found, truth)[0, 0]
    assert row != NOBODY
    assert truth.crowd_M[row]
    assert truth.labels_M[1] == 2  # the objects keep their places

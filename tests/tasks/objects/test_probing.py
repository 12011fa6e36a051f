"""Points that a probe of objects looks at, and how they count."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from visionft.annotations.marks import CROWD, PADDING
from visionft.tasks.objects.probing import ObjectProbe

SHOWN = (0, 10, 200, 150)
BOXES = np.float32([[20, 20, 60, 40], [50, 30, 90, 120], [120, 60, 126, 64], [150, 100, 190, 140]])
LABELS = np.float32([0, 1, 1, CROWD])


@pytest.fixture
def probe():
    return ObjectProbe(SimpleNamespace(class_names=("a", "b")))


def chosen(probe, boxes_N5, most=64):
    padding = np.float32([[0, 0, 0, 0, PADDING]])
    targets = np.concatenate([boxes_N5, padding])[None]
    return probe.points(targets, SHOWN, None, np.random.default_rng(0), most)


def test_centres_and_places_outside_of_every_box_half_of_them_beside_one(probe):
    found = chosen(probe, np.column_stack([BOXES, LABELS]))
    objects = {(x, y): label for (x, y), label in zip(found.xy_P2.tolist(), found.labels_P, strict=True) if label < 2}
    assert objects == {(40, 30): 0, (70, 75): 1, (123, 62): 1}
    free_P2 = found.xy_P2[found.labels_P == 2]
    assert len(free_P2) == 3 + 16
    for left, top, right, bottom in BOXES:
        inside = (free_P2 >= (left, top)).all(1) & (free_P2 < (right, bottom)).all(1)
        assert not inside.any()
    assert ((free_P2 >= SHOWN[:2]) & (free_P2 < SHOWN[2:])).all()
    beside_P2 = free_P2[:3]
    centres, halves = (BOXES[:3, :2] + BOXES[:3, 2:]) / 2, (BOXES[:3, 2:] - BOXES[:3, :2]) / 2
    beyond = np.abs(beside_P2[:, None] - centres) - halves  # of each point, to each box
    near = (beyond <= np.maximum(0.6 * halves, 4) + 1e-4).all(axis=2)
    assert near.any(axis=1).all()


def test_an_image_without_objects_has_places(probe):
    found = chosen(probe, np.empty((0, 5), np.float32))
    assert set(found.labels_P) == {2}
    assert len(found.xy_P2) == 16


def test_many_objects_leave_room_for_places(probe):
    rng = np.random.default_rng(1)
    corners = rng.uniform((0, 10), (190, 140), (100, 2))
    boxes = np.column_stack([corners, corners + 6, rng.integers(0, 2, 100)]).astype(np.float32)
    found = chosen(probe, boxes, most=30)
    assert len(found.xy_P2) <= 30
    assert (found.labels_P < 2).sum() == 10


def test_a_place_without_an_object_counts_as_sixteen(probe):
    rng = np.random.default_rng(2)
    targets, image_M = rng.integers(0, 3, 90), np.arange(90) % 9
    answers = rng.dirichlet([1, 1, 1], 90)
    counts_RN = np.stack([np.ones(9), rng.integers(0, 3, 9)])
    found = probe.scores(answers, targets, image_M, counts_RN)
    for counts_N, score in zip(counts_RN, found, strict=True):
        rows = np.repeat(np.arange(90), (counts_N[image_M] * np.where(targets == 2, 16, 1)).astype(int))
        expected = [average_precision_score(targets[rows] == label, answers[rows, label]) for label in (0, 1)]
        assert score == pytest.approx(np.mean(expected))

import numpy as np
import pytest
from hypothesis import given, settings

from tests.tasks.objects.detections import judge, scene_lists
from visionft.data.targets.boxes import Boxes
from visionft.errors import DataError
from visionft.tasks.objects.mistakes import match_image

HALF = (0.5, 0.5, 0.5)
OBJECTS = Boxes(
    ((0, 0, 40, 40), (100, 0, 140, 40), (200, 0, 240, 40), (0, 200, 200, 400)),
    (0, 1, 0, 2),
    (False, False, False, True),
)


def kinds(*rows, boxes=OBJECTS, thresholds=HALF, **options):
    found_N6 = np.array(rows, np.float32).reshape(-1, 6)
    return match_image(found_N6, boxes, thresholds=thresholds, **options)


@pytest.mark.parametrize(
    ("row", "mistake", "of"),
    [
        ((0, 0, 40, 40, 0.9, 0), None, 0),
        ((5, 0, 45, 40, 0.6, 0), "duplicate", 0),
        ((100, 0, 140, 40, 0.9, 0), "class", 1),
        ((220, 0, 260, 40, 0.9, 0), "overlap", 2),  # IoU 1/3
        ((120, 0, 160, 40, 0.9, 2), "overlap", 1),
        ((236, 0, 276, 40, 0.9, 0), "background", None),  # IoU 4/76
        ((60, 100, 90, 130, 0.9, 1), "background", None),
        ((10, 210, 50, 250, 0.9, 0), "background", None),  # a crowd of another class takes nothing
    ],
)
def test_kinds(row, mistake, of):
    """Beside a detection that has found object 0."""
    found = kinds((0, 0, 40, 40, 0.95, 0), row) if mistake else kinds(row)
    one = found.detected[-1]
    assert (one.mistake, one.object) == (mistake, of)
    assert one.score == pytest.approx(row[4])
    assert one.box == row[:4]
    assert found.missed == (1, 2)
    assert found.objects == 3


def test_what_a_crowd_takes_is_neither_right_nor_wrong():
    assert kinds((10, 210, 50, 250, 0.9, 2)).detected == ()


def test_detections_below_the_threshold_of_their_class_are_not_believed():
    rows = [(0, 0, 40, 40, 0.4, 0), (100, 0, 140, 40, 0.4, 1)]
    found = kinds(*rows, thresholds=(0.3, 0.5, 0.5))
    assert [one.object for one in found.right] == [0]
    assert found.missed == (1, 2)
    assert [one.object for one in kinds(*rows, thresholds=(0.5, 0.3, 0.5)).right] == [1]


def test_detections_tell_their_row():
    """Among unused rows, unsure ones and those in a crowd, and not by falling score."""
    rows = [(0, 0, 0, 0, 0, 0), (100, 0, 140, 40, 0.7, 1), (10, 210, 50, 250, 0.99, 2), (0, 0, 40, 40, 0.1, 0)]
    found = kinds(*rows, (0, 0, 40, 40, 0.9, 0), (0, 0, 40, 40, 0.9, 0))
    assert [(one.row, one.mistake) for one in found.detected] == [(4, None), (5, "duplicate"), (1, None)]


def test_badness_is_misses_and_the_confidence_of_mistakes():
    assert kinds().badness == 3
    assert kinds((0, 0, 40, 40, 0.9, 0)).badness == 2
    assert kinds((60, 100, 90, 130, 0.75, 1)).badness == pytest.approx(3.75)


def test_the_overlap_to_reach_can_be_chosen():
    third = (220, 0, 260, 40, 0.9, 0)
    assert kinds(third, iou=0.3).right[0].object == 2
    assert kinds(third, iou=0.3).right[0].iou == pytest.approx(1 / 3)


def test_a_class_that_is_not_there():
    with pytest.raises(DataError, match=r"class 3 found; allowed are 0\.\.2"):
        kinds((0, 0, 40, 40, 0.4, 3))


@settings(max_examples=40, deadline=None)
@given(scene_lists())
def test_right_wrong_and_missed_are_those_of_pycocotools(images):
    thresholds = (0.3, 0.5, 0.1)
    believed = [
        image._replace(
            found_N6=image.found_N6[
                image.found_N6[:, 4] >= np.array(thresholds, np.float32)[image.found_N6[:, 5].astype(int)]
            ]
        )
        for image in images
    ]
    found = [match_image(image.found_N6, image.boxes, thresholds=thresholds) for image in images]
    right, wrong, missed = (np.zeros(len(images) + 1, int) for _ in range(3))
    for image in judge(believed, 3, [0.5]).evalImgs:
        if image and image["aRng"] == [0, 1e10]:
            ignored, taken = image["dtIgnore"][0].astype(bool), image["dtMatches"][0] > 0
            right[image["image_id"]] += (taken & ~ignored).sum()
            wrong[image["image_id"]] += (~taken & ~ignored).sum()
            missed[image["image_id"]] += ((image["gtMatches"][0] == 0) & (image["gtIgnore"] == 0)).sum()
    assert [len(one.right) for one in found] == right[1:].tolist()
    assert [len(one.wrong) for one in found] == wrong[1:].tolist()
    assert [len(one.missed) for one in found] == missed[1:].tolist()

import numpy as np
import pytest
from hypothesis import given, settings

from tests.tasks.instances.masked import SIZE, box_pixels, masked_lists, part, whole
from visionft.annotations.marks import CROWD, PADDING
from visionft.annotations.object_mask import ObjectMask
from visionft.annotations.rle import run_bounds
from visionft.data.targets.boxes import Boxes
from visionft.tasks.objects.mask_overlaps import ImageMasks, mask_overlaps, read_masks
from visionft.tasks.objects.matching import DetectedObjects, TargetObjects


def overlap(found_HW, truth_HW, crowd):
    common = (found_HW & truth_HW).sum()
    either = found_HW.sum() if crowd else (found_HW | truth_HW).sum()
    return common / either if common else 0.0


@settings(max_examples=40, deadline=None)
@given(masked_lists())
def test_overlaps_count_pixels(images):
    for detections_N6, masks, boxes, pixels in images:
        found, truth = DetectedObjects.of(detections_N6, 3), TargetObjects.of(boxes, 3)
        truth, read = read_masks(found, masks, truth, [None if p is None else part(p) for p in pixels], SIZE)
        iou_NM = mask_overlaps(read, truth.crowd_M)
        used = [row for row in np.argsort(-detections_N6[:, 4], kind="stable") if detections_N6[row, 4] > 0]
        assert iou_NM.shape == (len(used), len(boxes))
        for n, row in enumerate(used):
            for m, own in enumerate(pixels):
                there = box_pixels(boxes.xyxy[m]) if own is None else own
                crowd = own is None or boxes.crowd[m]
                assert iou_NM[n, m] == overlap(whole(masks[row]), there, crowd)


def test_columns_that_are_full_and_objects_at_the_edges():
    size = (6, 5)
    full, left, corner = ObjectMask(0, 0, np.ones((5, 6), bool)), ObjectMask(0, 0, np.ones((5, 2), bool)), None
    corner = ObjectMask(4, 3, np.ones((2, 2), bool))
    nothing = ObjectMask(6, 5, np.zeros((0, 0), bool))
    everything = (full, left, corner, nothing)
    iou_NM = mask_overlaps(ImageMasks(everything, everything, size), np.array([False] * 4))
    third, seventh = 10 / 30, 4 / 30
    expected = [[1, third, seventh, 0], [third, 1, 0, 0], [seventh, 0, 1, 0], [0, 0, 0, 0]]
    assert iou_NM == pytest.approx(np.array(expected))
    crowded_NM = mask_overlaps(ImageMasks(everything, everything, size), np.array([True, False, False, True]))
    assert crowded_NM[:, 0].tolist() == [1, 1, 1, 0]


def test_no_detections_and_no_objects():
    mask = ObjectMask(0, 0, np.ones((5, 6), bool))
    assert mask_overlaps(ImageMasks((), (mask,), (6, 5)), np.array([False])).shape == (0, 1)
    assert mask_overlaps(ImageMasks((mask,), (), (6, 5)), np.zeros(0, bool)).shape == (1, 0)


def test_crowds_of_every_class_and_padding_keep_their_masks():
    rows = [(0, 0, 0, 0, PADDING), (0, 0, 5, 5, CROWD), (1, 1, 4, 4, 1)]
    crowd, own = ObjectMask(0, 0, np.ones((5, 4), bool)), ObjectMask(1, 1, np.ones((3, 3), bool))
    truth, masks = read_masks(
        DetectedObjects.of(np.zeros((0, 6), np.float32), 3),
        [],
        TargetObjects.on_canvas(np.array(rows, np.float32), 3),
        [None, crowd, own],
        (6, 6),
    )
    assert masks.targets == (crowd, own, crowd, crowd)
    assert truth.crowd_M.tolist() == [True, False, True, True]


def test_a_crowd_of_every_class_is_worked_out_once(monkeypatch):
    measured = []
    monkeypatch.setattr(
        "visionft.tasks.objects.mask_overlaps.run_bounds",
        lambda mask, height: measured.append(mask) or run_bounds(mask, height),
    )
    truth = TargetObjects.on_canvas(np.float32([(0, 0, 5, 5, CROWD), (1, 1, 4, 4, 1), (2, 0, 6, 3, CROWD)]), 3)
    found = DetectedObjects.of(np.float32([(0, 0, 4, 4, 0.9, 1)]), 3)
    mask, crowd, own = (ObjectMask(*place, np.ones((4, 4), bool)) for place in ((0, 0), (1, 0), (1, 1)))
    truth, masks = read_masks(found, [mask], truth, [crowd, own, None], (6, 6))
    assert [masks.targets[m] is masks.targets[2] for m in range(7)] == [m in (2, 5, 6) for m in range(7)]
    assert mask_overlaps(masks, truth.crowd_M).tolist() == [[12 / 16, 9 / 23, 6 / 16, *[12 / 16] * 2, *[6 / 16] * 2]]
    assert len(measured) == 1 + 3


def test_an_unknown_outline_is_a_crowd_of_the_pixels_in_the_box():
    boxes = Boxes(((-2.0, 0.6, 2.4, 3.5), (1.0, 1.0, 1.2, 9.0)), (0, 0), (False, False))
    empty = ObjectMask(1, 1, np.zeros((3, 3), bool))
    found = DetectedObjects.of(np.zeros((0, 6), np.float32), 1)
    truth, masks = read_masks(found, [], TargetObjects.of(boxes, 1), [None, empty], (6, 5))
    assert truth.crowd_M.tolist() == [True, True]
    expected = np.zeros((5, 6), bool)
    expected[1:3, 0:2] = True  # a centre on the lower edge is beyond it
    assert np.array_equal(masks.targets[0].whole((6, 5)), expected)
    assert masks.targets[1].area == 0

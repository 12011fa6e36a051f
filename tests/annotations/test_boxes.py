"""Overlap of boxes, by hand and against their pixels."""

import numpy as np
import pytest

from visionft.annotations.boxes import iou, pairwise_iou


def test_by_hand():
    boxes = np.float32([[0, 0, 10, 10], [5, 5, 15, 15], [3, 3, 3, 9]])
    others = np.float32([[0, 0, 10, 10], [20, 20, 30, 30], [0, 0, 5, 10], [3, 3, 3, 9]])
    expected = [[1, 0, 0.5, 0], [25 / 175, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(pairwise_iou(boxes, others), expected, rtol=1e-12)
    np.testing.assert_allclose(iou(boxes, others[:3]), np.diagonal(expected), rtol=1e-6)
    assert pairwise_iou(boxes[:0], others).shape == (0, 4)
    assert pairwise_iou(boxes, others[:0], np.zeros(0, bool)).shape == (3, 0)


def test_with_a_crowd_it_is_the_part_of_the_box_inside():
    boxes = np.array([[0.0, 0, 10, 10], [10, 10, 20, 20], [4, 4, 4, 4]])
    others = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [0, 0, 100, 100], [3, 3, 3, 9]])
    iou_NM = pairwise_iou(boxes, others, np.array([False, False, True, False]))
    assert iou_NM == pytest.approx(np.array([[1, 1 / 3, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]))


def test_it_counts_pixels():
    rng = np.random.default_rng(0)
    for _ in range(50):
        grids = np.zeros((2, 12, 12), bool)
        boxes = []
        for grid in grids:
            (left, right), (top, bottom) = (np.sort(rng.choice(13, 2, replace=False)) for _ in "xy")
            grid[top:bottom, left:right] = True
            boxes.append((float(left), float(top), float(right), float(bottom)))
        expected = (grids[0] & grids[1]).sum() / (grids[0] | grids[1]).sum()
        assert pairwise_iou(*np.array(boxes)[:, None])[0, 0] == pytest.approx(expected)

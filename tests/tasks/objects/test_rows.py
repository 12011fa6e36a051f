"""Outputs by name as rows."""

import numpy as np

from visionft.tasks.objects.rows import box_rows, object_rows

RESULTS = {
    "boxes": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "scores": np.float32([[0.9, 0.5, 0.4], [0.8, 0.7, 0.1]]),
    "labels": np.int64([[2, 0, 1], [1, 1, 1]]),
    "count": np.int64([1, 3]),
    "masks": np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 3, 2, 2),
}


def test_rows_that_are_not_used_are_zero():
    found = box_rows(RESULTS)
    assert found.dtype == np.float32
    assert found[0].tolist() == [[0, 1, 2, 3, np.float32(0.9), 2], [0] * 6, [0] * 6]
    assert found[1, 2].tolist() == [20, 21, 22, 23, np.float32(0.1), 1]


def test_cells_come_behind_their_detection():
    found = object_rows(RESULTS)
    assert (found.dtype, found.shape) == (np.float32, (2, 3, 10))
    assert (found[..., :6] == box_rows(RESULTS)).all()
    assert (found[1, 2, 6:] == RESULTS["masks"][1, 2].ravel()).all()
    assert not found[0, 1:].any()

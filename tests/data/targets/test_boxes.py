"""Objects with a box and a class."""

import numpy as np
import pytest

from visionft.annotations.marks import CROWD
from visionft.data.targets.boxes import Boxes, CanvasBoxes


def test_boxes_as_an_array():
    boxes = Boxes(((0, 0, 30, 20), (1.5, 2, 3, 4.25)), (2, 1), (False, True))
    array = boxes.array()
    assert array.dtype == np.float32
    assert array.tolist() == [[0, 0, 30, 20, 2], [1.5, 2, 3, 4.25, CROWD]]
    assert Boxes().array().shape == (0, 5)


def test_every_box_has_a_label_and_a_flag():
    with pytest.raises(ValueError, match="1 boxes, 0 labels and 0 crowd flags"):
        Boxes(((0, 0, 1, 1),))


def test_objects_of_which_holes_leave_little_are_crowds():
    item = CanvasBoxes(np.float32([[0, 0, 10, 10, 0], [10, 0, 20, 10, 1]]))
    found = item.erased([(0, 0, 10, 8), (10, 0, 20, 7)], (20, 10))
    assert found.boxes_N5[:, 4].tolist() == [CROWD, 1]
    assert item.boxes_N5[:, 4].tolist() == [0, 1]

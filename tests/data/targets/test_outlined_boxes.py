"""Objects with a box, a class and an outline."""

import numpy as np
import pytest

from visionft.annotations.polygons import Outline
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.outlined_boxes import OutlinedBoxes

TRIANGLE = Outline((np.float32([(0, 0), (8, 0), (8, 8)]).tobytes(),))


def test_only_objects_that_are_no_crowd_can_be_measured():
    places = ((0.0, 0.0, 8.0, 8.0),) * 2
    assert OutlinedBoxes(places, (0, 0), (False, True), (Outline(), TRIANGLE)).outlined == (False,)
    assert not OutlinedBoxes(places, (0, 0), (False, True), (Outline(), TRIANGLE)).measurable
    assert OutlinedBoxes(places, (0, 0), (False, True), (TRIANGLE, Outline())).measurable


def test_every_box_has_an_outline_even_if_nobody_knows_it():
    with pytest.raises(ValueError, match="1 boxes and 0 outlines"):
        OutlinedBoxes(((0, 0, 1, 1),), (0,), (False,))
    assert Boxes(((0, 0, 1, 1),), (0,), (False,)).outlines == ()

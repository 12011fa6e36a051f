"""Objects with a box, a class and an outline."""

import numpy as np
import pytest

from visionft.annotations.polygons import Polygon
from visionft.data.targets.boxes import Boxes
from visionft.data.targets.polygons import Polygons

TRIANGLE = Polygon((np.float32([(0, 0), (8, 0), (8, 8)]).tobytes(),))


def test_only_objects_that_are_no_crowd_can_be_measured():
    places = ((0.0, 0.0, 8.0, 8.0),) * 2
    assert Polygons(places, (0, 0), (False, True), (Polygon(), TRIANGLE)).known == (False,)
    assert not Polygons(places, (0, 0), (False, True), (Polygon(), TRIANGLE)).measurable
    assert Polygons(places, (0, 0), (False, True), (TRIANGLE, Polygon())).measurable


def test_every_box_has_an_outline_even_if_nobody_knows_it():
    with pytest.raises(ValueError, match="1 boxes and 0 outlines"):
        Polygons(((0, 0, 1, 1),), (0,), (False,))
    assert Boxes(((0, 0, 1, 1),), (0,), (False,)).polygons == ()

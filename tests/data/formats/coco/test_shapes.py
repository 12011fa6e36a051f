"""Segmentations in the forms that tools write: each has the pixels that it means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from visionft.annotations.polygons import Polygon
from visionft.annotations.rasterization import fill
from visionft.data.formats.coco.instances import read_polygon
from visionft.data.formats.coco.regions import CocoMask, make_region
from visionft.data.formats.coco.shapes import Shape, box_around, plain_shape
from visionft.errors import DataError

RING = [2, 1, 9, 1, 9, 7, 2, 7]  # 42 pixels
SECOND = [10, 8, 12, 8, 12, 10, 10, 10]  # 4 more
PAIRS = [[2, 1], [9, 1], [9, 7], [2, 7]]
NAMED = [{"x": x, "y": y} for x, y in PAIRS]
BOX = [2, 1, 7, 6]
HEIGHT, WIDTH = 10, 12


def run_lengths(ring, compressed=True):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[ring[1] : ring[5], ring[0] : ring[4]] = 1
    if compressed:
        return {"size": [HEIGHT, WIDTH], "counts": coco_mask.encode(np.asfortranarray(mask))["counts"].decode()}
    edges = np.flatnonzero(np.diff(mask.T.ravel(), prepend=0))  # what follows the object is left out
    return {"size": [HEIGHT, WIDTH], "counts": np.diff([0, *edges]).tolist()}


def pixels(segmentation):
    return int(CocoMask(HEIGHT, WIDTH, 0, (make_region(segmentation, 1, HEIGHT, WIDTH),)).read().sum())


@pytest.mark.parametrize(
    ("segmentation", "count"),
    [
        ([RING], 42),
        (RING, 42),
        ([list(map(str, RING))], 42),
        (PAIRS, 42),
        ([PAIRS], 42),
        (NAMED, 42),
        ([NAMED], 42),
        ([RING, SECOND], 46),
        ([PAIRS, SECOND], 46),
        ([RING, []], 42),
        ([RING, None], 42),
        ([RING, [5, 5]], 42),
        ([[1.0, 1.0, 2.0, 2.0], RING], 42),
        (run_lengths(RING), 42),
        ([run_lengths(RING)], 42),
        ([run_lengths(RING), run_lengths(SECOND)], 46),
        ([run_lengths(RING), run_lengths([2, 1, 5, 1, 5, 4, 2, 4])], 42),  # which overlap
        (run_lengths(RING, compressed=False), 42),
        ({"size": ["10", 12.0], "counts": run_lengths(RING)["counts"]}, 42),
    ],
)
def test_what_is_meant_is_painted_and_traced(segmentation, count):
    assert pixels(segmentation) == count
    polygon = read_polygon(segmentation)
    assert not polygon.fault
    assert fill(Polygon(polygon.rings).points, (WIDTH, HEIGHT)).sum() == count
    assert box_around(segmentation) == ((2, 1, 7, 6) if count == 42 else (2, 1, 10, 9))


@pytest.mark.parametrize(
    "segmentation",
    [None, [], {}, "", [[]], [[], []], [None], {"size": [10, 12], "counts": []}, [BOX], BOX, [[2, 1, 9, 7]]],
)
def test_nothing_is_said_by_empty_parts_and_by_the_box_once_more(segmentation):
    assert plain_shape(segmentation, BOX) == (None, 0)
    assert read_polygon(segmentation, BOX) == ((), None, "")
    with pytest.raises(DataError, match=r"has no segmentation|three points"):
        make_region(segmentation, 1, HEIGHT, WIDTH)


def test_parts_of_less_than_three_points_are_counted():
    assert plain_shape([RING, [], [1, 1], [1, 2, 3, 4]]) == ([RING], 2)
    assert plain_shape([[1, 2, 3, 4]], [5, 5, 5, 5]) == (None, 1)
    assert "three points" in read_polygon([[1, 2, 3, 4]]).fault


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ([run_lengths(RING), RING], "no number"),
        ([run_lengths(RING), {"size": [3, 3], "counts": [9]}], "no number"),
        ({"size": [10, 12], "counts": [50, 20, 10]}, "add up to 80 pixels"),  # what follows may be anything
        ({"size": [10, 12], "counts": [50, 90]}, "add up to 140 pixels"),
        ([[1, 2, 3, 4, 5]], "three points"),
        ("RLE", "has no segmentation"),
    ],
)
def test_what_is_not_plain_is_not_guessed(segmentation, reason):
    with pytest.raises(DataError, match=reason):
        make_region(segmentation, 1, HEIGHT, WIDTH)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 1)))
def test_boxes_around_run_lengths_are_those_of_pycocotools(mask):
    encoded = coco_mask.encode(np.asfortranarray(mask))
    written = {"size": list(mask.shape), "counts": encoded["counts"].decode()}
    expected = tuple(coco_mask.toBbox(encoded)) if mask.any() else None
    assert box_around(written) == expected


def test_a_point_is_counted_and_no_repetition_of_the_box():
    assert plain_shape([[0, 0]], BOX) == Shape(None, short=1)
    assert plain_shape([[2, 1, 7, 6]], BOX) == Shape(None)

"""Training images with their objects, as pictures show them."""

import numpy as np

from tests.data.samples import make_example, without_polygons
from visionft.annotations.marks import CROWD
from visionft.tasks.objects.overlays import draw_objects, object_legend

RED, BLUE, CROWDS = (255, 0, 0), (0, 0, 255), (150, 150, 150)


def test_boxes():
    image = np.full((64, 80, 3), 90, np.uint8)
    boxes = np.array([[10, 10, 40, 30, 1], [50, 20, 70, 60, CROWD]], np.float32)
    found = draw_objects(make_example(image, boxes_N5=boxes), (RED, BLUE), 320)
    assert found.shape == (128, 160, 3)  # twice as large, so that something is to be seen
    for colour, (left, top, right, bottom) in ((BLUE, (20, 20, 80, 60)), (CROWDS, (100, 40, 140, 120))):
        expected = np.zeros((128, 160), bool)
        expected[top:bottom, left:right] = True
        expected[top + 2 : bottom - 2, left + 2 : right - 2] = False
        assert np.array_equal((found == colour).all(axis=2), expected)


def test_outlines():
    image = np.full((64, 80, 3), 100, np.uint8)
    boxes = np.array([[10, 10, 40, 30, 1], [50, 20, 70, 60, CROWD], [5, 40, 45, 60, 0]], np.float32)
    corner = np.array([[10, 10], [40, 10], [10, 30]], np.float32)
    square = np.array([[50, 20], [70, 20], [70, 60], [50, 60]], np.float32)
    hole = square[::-1] * 0.5 + np.float32([30, 20])
    example = make_example(image, None, boxes, ((corner,), (square, hole), ()))
    found, plain = (
        draw_objects(example, (RED, BLUE), 320),
        draw_objects(without_polygons(example), (RED, BLUE), 320),
    )
    assert found.shape == (128, 160, 3)
    assert found[28, 28].tolist() == [65, 65, 154]  # 35 % blue over grey
    assert found[50, 70].tolist() == [100] * 3  # in its box
    assert found[45, 110].tolist() == [118, 118, 118]  # of the crowd
    assert found[80, 120].tolist() == [100] * 3  # in its hole
    assert (found[84:116, 16:84] == 100).all()  # nobody knows
    edges = (plain != 100).any(axis=2)
    assert np.array_equal(found[edges], plain[edges])  # boxes are drawn above
    along = (found[30:50, 24:76] == BLUE).all(axis=2)
    assert (along.sum(axis=1) > 0).all()  # the outline


def test_an_image_without_objects():
    image = np.full((200, 200, 3), 90, np.uint8)
    for polygons in (None, ()):
        example = make_example(image, boxes_N5=np.zeros((0, 5), np.float32), polygons=polygons)
        assert np.array_equal(draw_objects(example, (RED,), 320), image)


def test_crowds_are_explained_where_they_are():
    image, boxes = np.zeros((8, 8, 3), np.uint8), np.array([[1, 1, 4, 4, 1], [1, 1, 4, 4, CROWD]], np.float32)
    examples = [make_example(image, boxes_N5=boxes[:1]), make_example(image, boxes_N5=boxes)]
    names, colours = ("disc", "bar"), (RED, BLUE)
    assert object_legend(examples, names, colours) == [("bar", BLUE), ("neither learned nor measured", CROWDS)]
    assert object_legend(examples[:1], names, colours) == [("bar", BLUE)]

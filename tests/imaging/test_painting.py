import numpy as np
import pytest

from visionft.annotations.object_mask import ObjectMask
from visionft.imaging import paint_objects

RED, BLUE = (200, 0, 0), (0, 0, 200)


def plain(height=60, width=80):
    return np.full((height, width, 3), 100, np.uint8)


def filled(left, top, width, height):
    return ObjectMask(left, top, np.ones((height, width), np.bool_))


def test_an_object_is_translucent_with_an_opaque_outline():
    mask_hw = np.zeros((20, 30), np.bool_)
    mask_hw[2:18, 3:25] = True
    mask_hw[8:12, 10:14] = False  # a hole has an outline as well
    painted = paint_objects(plain(), [ObjectMask(10, 15, mask_hw)], [RED], 0.25)
    expected = np.full((60, 80), 100)
    for y, x in np.argwhere(mask_hw):
        around = [(y + dy, x + dx) for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0))]
        edge = any(not mask_hw[near] for near in around)
        expected[y + 15, x + 10] = 200 if edge else 125
    assert (painted[..., 0] == expected).all()
    assert (painted[..., 2] == np.where(expected == 100, 100, np.where(expected == 200, 0, 75))).all()


def test_touching_objects_of_one_colour_stay_apart():
    painted = paint_objects(plain(), [filled(10, 10, 10, 20), filled(20, 10, 10, 20)], [RED, RED])
    assert (painted[12:28, 19:21] == RED).all()
    assert (painted[12:28, 12:18, 0] == 150).all()


def test_the_first_object_lies_above_the_others():
    painted = paint_objects(plain(), [filled(10, 10, 20, 20), filled(15, 15, 30, 30)], [RED, BLUE], 1.0)
    assert (painted[10:30, 10:30] == RED).all()
    assert (painted[30:45, 30:45] == BLUE).all()


@pytest.mark.parametrize("size", [(60, 80), (1400, 2100)])
def test_outlines_grow_with_the_image(size):
    painted = paint_objects(plain(*size), [filled(5, 5, 50, 50)], [RED])
    assert (painted[30, 5:55] == RED).all(axis=-1).sum() == (2 if size == (60, 80) else 12)


def test_objects_at_the_edges_and_objects_without_pixels():
    image = plain()
    image.setflags(write=False)
    masks = [filled(0, 0, 80, 60), filled(79, 59, 1, 1), ObjectMask(80, 60, np.zeros((0, 0), np.bool_))]
    painted = paint_objects(image[:, ::-1], masks, [RED, BLUE, BLUE])
    assert (painted[0] == RED).all()
    assert (painted[30, 40] == [150, 50, 50]).all()
    assert (paint_objects(image, [], []) == image).all()
    with pytest.raises(ValueError, match="zip"):
        paint_objects(image, masks, [RED])

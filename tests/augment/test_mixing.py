"""Canvases made of several show the objects of all, where their boxes say."""

import pickle

import numpy as np
import pytest

from tests.data.samples import make_example, parts
from visionft.annotations.marks import CROWD
from visionft.augment import Mixing
from visionft.augment.mixing import mixup, mosaic

SIZES = [(64, 64), (48, 96), (91, 51)]
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]])


def canvas(size, number, box):
    """Return a black canvas with a rectangle of the number's colour and class."""
    image = np.zeros((*size, 3), np.uint8)
    left, top, right, bottom = box
    image[top:bottom, left:right] = COLOURS[number]
    return make_example(image, boxes_N5=np.array([[*box, number]], np.float32))


def seen(image, number):
    """Return the box of a colour, of pixels nearer to it than to black and the other colours."""
    distance = np.abs(image.astype(int)[..., None, :] - np.vstack([COLOURS, [[0, 0, 0]]])).sum(axis=-1)
    rows, columns = np.nonzero(distance.argmin(axis=-1) == number)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("size", SIZES)
def test_a_mosaic_has_a_box_wherever_an_object_is_seen(size):
    rng = np.random.default_rng(0)
    kinds = []
    for seed in range(80):
        high, wide = rng.integers(5, np.array(size), (4, 2)).T
        x, y = rng.integers(0, size[1] - wide + 1), rng.integers(0, size[0] - high + 1)
        given = [(x[i], y[i], x[i] + wide[i], y[i] + high[i]) for i in range(4)]
        examples = [canvas(size, number, box) for number, box in enumerate(given)]
        image, _, boxes_N5, _ = parts(mosaic(examples, seed))
        assert (image.shape, image.dtype, boxes_N5.dtype) == ((*size, 3), np.uint8, np.float32)
        places = [seen(image, number) for number in range(4)]
        left = [place for place in places if place is not None and (place[2:] - place[:2]).min() > 1]
        for place in left:
            assert np.abs(boxes_N5[:, :4] - place).max(axis=1).min() <= 1
        for box in boxes_N5[boxes_N5[:, 4] != CROWD]:
            if (box[2:4] - box[:2]).min() > 2:
                assert np.abs(box[:4] - places[int(box[4])]).max() <= 1
        kinds.extend(boxes_N5[:, 4].tolist())
    counts = [kinds.count(kind) for kind in (CROWD, 0, 1, 2, 3)]
    assert min(counts) > 10


def test_a_mosaic_fills_the_canvas_with_four_parts_of_drawn_sizes():
    examples = [
        make_example(
            np.full((64, 80, 3), 50 * number + 20, np.uint8), boxes_N5=np.array([[0, 0, 80, 64, number]], np.float32)
        )
        for number in range(4)
    ]
    centres = set()
    for seed in range(100):
        image, _, boxes_N5, _ = parts(mosaic(examples, seed))
        assert sorted(np.unique(image)) == [20, 70, 120, 170]
        for number in range(4):
            rows, columns = np.nonzero(image[..., 0] == 50 * number + 20)
            expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert boxes_N5[number, :4].tolist() == expected
            assert len(rows) == (expected[2] - expected[0]) * (expected[3] - expected[1])
        centres.add((boxes_N5[0, 2], boxes_N5[0, 3]))
    xs, ys = (np.array(sides) for sides in zip(*centres, strict=True))
    assert xs.min() < 30 < 50 < xs.max()
    assert ys.min() < 24 < 40 < ys.max()


def test_mixup_shows_both_and_has_the_boxes_of_both():
    one, other = canvas((40, 50), 0, (3, 4, 20, 30)), canvas((40, 50), 2, (10, 8, 45, 35))
    shares = set()
    for seed in range(50):
        image, _, boxes_N5, _ = parts(mixup(one, other, seed))
        assert boxes_N5.tolist() == [[3, 4, 20, 30, 0], [10, 8, 45, 35, 2]]
        share = image[5, 5, 0] / 255
        assert 0.4 - 0.01 <= share <= 0.6 + 0.01
        expected = share * one.image_HW3.astype(float) + (1 - share) * other.image_HW3
        assert np.abs(image - expected).max() <= 1.01
        shares.add(round(share, 1))
    assert shares == {0.4, 0.5, 0.6}


def test_canvases_without_objects():
    empty = make_example(np.zeros((32, 32, 3), np.uint8), boxes_N5=np.zeros((0, 5), np.float32))
    assert mosaic([empty] * 4, 1).target.boxes_N5.shape == (0, 5)
    assert mixup(empty, empty, 1).target.boxes_N5.shape == (0, 5)
    with pytest.raises(ValueError, match="only canvases with objects can be mixed"):
        mosaic([make_example(empty.image_HW3)] * 4, 1)


def test_it_happens_as_often_as_asked_and_a_seed_decides_everything():
    example = canvas((32, 32), 0, (0, 0, 32, 32))
    others = [canvas((32, 32), number, (0, 0, 32, 32)) for number in range(4)]
    asked = []

    def other(seed):
        asked.append(seed)
        return others[seed % 4]

    counts = {}
    for seed in range(400):
        asked.clear()
        found = Mixing(0.5, 0.2)(example, other, seed)
        partners = list(asked)
        counts[len(partners)] = counts.get(len(partners), 0) + 1
        assert len(set(partners)) == len(partners)
        assert (found is example) == (not partners)
        again = pickle.loads(pickle.dumps(Mixing(0.5, 0.2)))(example, other, seed)
        assert (again.image_HW3 == found.image_HW3).all()
        assert (again.target.boxes_N5 == found.target.boxes_N5).all()
    assert sorted(counts) == [0, 1, 3, 4]
    assert abs(counts[3] + counts[4] - 200) < 45
    assert abs(counts[1] + counts[4] - 80) < 36
    assert Mixing()(example, other, 1) is example

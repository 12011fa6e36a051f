"""Outlines move with their objects, and never show what is not there."""

import pickle
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.data.samples import make_example, parts, without_polygons
from tests.shapes import grid, painted, star
from visionft.annotations.marks import CROWD
from visionft.annotations.moving import move_objects
from visionft.augment import OBJECT_POLICIES, Augmenter, Mixing, Policy
from visionft.augment.mixing import mixup, mosaic

SIZE = (72, 60)  # (width, height)
BLACK = (0, 0, 0)
STILL = Policy(zoom=0.0, shift=0.0)
WARPS = {
    "resized and shifted": {"spread": 1.0, "shift": 0.2},
    "turned and sheared": {"rotate": 40, "shear": 15, "spread": 0.3, "shift": 0.1},
    "in perspective": {"perspective": 0.3, "stretch": 0.3, "rotate": 40, "spread": 0.6, "shift": 0.1},
}


def use(monkeypatch, **changes):
    """Let ``strong`` do nothing but these."""
    monkeypatch.setitem(OBJECT_POLICIES, "strong", replace(STILL, **changes))


def canvas(seed, size=SIZE):
    """Return three objects, each in its own colour, one of them with a hole, cut at the canvas's edges."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size[1], size[0], 3), np.uint8)
    polygons = []
    for number in range(3):
        centre = rng.uniform(0, size)
        ring = star(rng, centre, rng.uniform(10, 22), 12)
        hole = (0.5 * (ring - centre) + centre)[::-1].astype(np.float32)
        polygons.append((ring, hole) if number == 0 else (ring,))
    corners = [np.concatenate([rings[0].min(axis=0), rings[0].max(axis=0)]) for rings in polygons]
    boxes_N5 = np.array([[*corner, number] for number, corner in enumerate(corners)], np.float32)
    boxes_N5, polygons = move_objects(boxes_N5, tuple(polygons), np.eye(3), size)
    for number, rings in enumerate(polygons):
        image.reshape(-1, 3)[painted(rings, grid(size)), number] = 255
    boxes_N5[:, 4] = np.arange(len(boxes_N5))  # little of an object is as good as much here
    return make_example(image, None, boxes_N5, polygons)


def off(image_HW, rings):
    """Return how many pixels of a channel are not what an outline says, away from its edge, where they are mixed."""
    size = (image_HW.shape[1], image_HW.shape[0])
    inside = painted(rings, grid(size)).reshape(image_HW.shape).astype(np.uint8)
    around = np.ones((5, 5), np.uint8)
    framed = [turn(np.pad(inside, 2, "edge"), around)[2:-2, 2:-2] for turn in (cv2.dilate, cv2.erode)]
    sure = framed[0] == framed[1]
    return int((((image_HW > 127) != inside.astype(bool)) & sure).sum())


def check(example):
    """Check the objects of an example whose classes are channels; return how many there are."""
    image, _, boxes_N5, polygons = parts(example)
    assert boxes_N5.dtype == np.float32
    assert len(boxes_N5) == len(polygons)
    for box, rings in zip(boxes_N5, polygons, strict=True):
        assert all(ring.dtype == np.float32 for ring in rings)
        points = np.concatenate(rings)
        assert box[:4].tolist() == [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]
        assert (box[:4] >= 0).all()
        assert (box[2:4] <= image.shape[1::-1]).all()
        if box[4] != CROWD:
            assert off(image[..., int(box[4])], rings) <= 2
    return int((boxes_N5[:, 4] != CROWD).sum())


@pytest.mark.parametrize("warp", WARPS)
@pytest.mark.parametrize("orientation", ["upright", "any"])
def test_outlines_lie_where_the_objects_are_seen(monkeypatch, warp, orientation):
    """The canvas is cut off already: what lay beyond its edge is not to come back over the border."""
    use(monkeypatch, **WARPS[warp])
    augmenter = Augmenter("strong", orientation, BLACK)
    assert sum(check(augmenter(canvas(seed), seed)) for seed in range(30)) > 50


def test_outlines_change_nothing_but_the_boxes(monkeypatch):
    use(monkeypatch, rotate=30, erase=1.0, brightness=0.3)
    augmenter = Augmenter("strong", "any", BLACK)
    again = pickle.loads(pickle.dumps(augmenter))
    for seed in range(10):
        example = canvas(seed)
        before = [ring.tobytes() for rings in example.target.polygons for ring in rings]
        with_them, without = augmenter(example, seed), augmenter(without_polygons(example), seed)
        assert (with_them.image_HW3 == without.image_HW3).all()
        assert [ring.tobytes() for rings in example.target.polygons for ring in rings] == before
        twice = again(example, seed)
        assert twice.target.boxes_N5.tobytes() == with_them.target.boxes_N5.tobytes()
        assert [ring.tobytes() for rings in twice.target.polygons for ring in rings] == [
            ring.tobytes() for rings in with_them.target.polygons for ring in rings
        ]


def test_an_erased_object_is_a_crowd_and_keeps_its_outline(monkeypatch):
    use(monkeypatch, erase=1.0)
    places = [(x, y, x + 8, y + 8) for y in range(0, 96, 16) for x in range(0, 96, 16)]
    boxes_N5 = np.array([[*place, 5] for place in places], np.float32)
    polygons = tuple(
        (np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32),)
        for left, top, right, bottom in places
    )
    crowds = 0
    for seed in range(20):
        given = make_example(np.zeros((96, 96, 3), np.uint8), None, boxes_N5, polygons)
        image, _, found_N5, found = parts(Augmenter("strong", "fixed", BLACK)(given, seed))
        for (left, top, right, bottom), kind in zip(places, found_N5[:, 4], strict=True):
            grey = (image[top:bottom, left:right] == 127).all(axis=-1).mean()
            assert kind == (CROWD if grey > 0.75 else 5)
            crowds += kind == CROWD
        assert all((one[0] == other[0]).all() for one, other in zip(found, polygons, strict=True))
    assert crowds > 5


def solid(number, size=SIZE):
    """Return a canvas that one object fills, class and colour of the number, its outline reaching beyond."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[..., number % 3] = 255 - 100 * (number // 3)
    ring = np.array([[-9, -9], [width + 9, -9], [width + 9, height + 9], [-9, height + 9]], np.float32)
    return make_example(image, None, np.array([[0, 0, width, height, number]], np.float32), ((ring,),))


def test_in_a_mosaic_no_outline_reaches_into_another_quarter():
    for seed in range(20):
        image, _, boxes_N5, polygons = parts(mosaic([solid(number) for number in range(4)], seed))
        kinds = np.full(image.shape[:2], -1)
        assert len(boxes_N5) == 4
        for number, rings in enumerate(polygons):
            inside = painted(rings, grid(SIZE)).reshape(kinds.shape)
            assert (kinds[inside] == -1).all()
            kinds[inside] = number
        for number in range(4):
            assert ((image == solid(number).image_HW3[0, 0]).all(axis=-1) == (kinds == number)).all()


def test_a_mosaic_of_objects_changed_once_more(monkeypatch):
    use(monkeypatch, **WARPS["turned and sheared"])
    augmenter = Augmenter("strong", "any", BLACK)
    empty = make_example(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), None, np.zeros((0, 5), np.float32), ())
    met = 0
    for seed in range(30):
        mixed = mosaic([empty, canvas(seed), empty, empty], seed)
        met += check(mixed)
        met += check(augmenter(mixed, seed))
    assert met > 40


def test_mixup_has_the_outlines_of_both():
    one, other = canvas(1), canvas(2)
    found = mixup(one, other, 5)
    assert found.target.polygons == one.target.polygons + other.target.polygons
    assert found.target.boxes_N5.tolist() == [*one.target.boxes_N5.tolist(), *other.target.boxes_N5.tolist()]


def test_mixing_draws_the_same_with_outlines_and_without():
    for seed in range(10):
        found, plain = (
            Mixing(0.7, 0.5)(change(canvas(seed)), lambda seed, change=change: change(canvas(seed)), seed)
            for change in (lambda example: example, without_polygons)
        )
        assert len(found.target.polygons) == len(found.target.boxes_N5)
        assert (found.image_HW3 == plain.image_HW3).all()

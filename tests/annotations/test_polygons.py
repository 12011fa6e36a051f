"""Outlines on a canvas against their pixels, painted by brute force."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.shapes import grid, holds, painted, ring_area, star, traced
from visionft.annotations.polygons import move_polygons

EYE = np.eye(3)


masks = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(np.any)


def framed(*rows):
    return np.array([[letter == "#" for letter in row] for row in rows])


RING_IN_RING = framed("#######", "#     #", "# ### #", "# # # #", "# ### #", "#     #", "#######")


def check_pixels(mask, rings, corner, size):
    """Check what a window shows of a traced mask, to the last bit."""
    x, y = corner
    far = np.zeros((60, 60), bool)
    far[20 : 20 + mask.shape[0], 20 : 20 + mask.shape[1]] = mask
    window = far[20 + y : 20 + y + size[1], 20 + x : 20 + x + size[0]]
    matrix = np.array([[1.0, 0, -x], [0, 1, -y], [0, 0, 1]])
    (found,), (box,), (areas,) = move_polygons([rings], matrix, size)
    assert areas.tolist() == [mask.sum(), window.sum()]
    rows, columns = np.nonzero(window)
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if len(rows) else [0, 0, 0, 0]
    assert box.tolist() == expected
    assert (painted(found, grid(size)).reshape(window.shape) == window).all()
    assert all(ring.dtype == np.float32 and (ring >= 0).all() and (ring <= size).all() for ring in found)
    sizes = [abs(ring_area(ring)) for ring in found]
    assert sizes == sorted(sizes, reverse=True)


@settings(max_examples=150, deadline=None)
@given(masks, st.integers(-10, 10), st.integers(-10, 10), st.integers(1, 12), st.integers(1, 12))
def test_a_window_shows_pixels_exactly(mask, x, y, wide, high):
    check_pixels(mask, traced(mask), (x, y), (wide, high))


def test_windows_of_rings_in_rings():
    """Edges along the window's, holes that the window cuts or lies in, islands in them."""
    rings = traced(RING_IN_RING)
    assert [ring_area(ring) > 0 for ring in rings] == [True, False, True, False]
    for x in range(-2, 7):
        for y in range(-2, 7):
            for size in ((1, 1), (2, 5), (3, 3), (6, 2), (9, 9)):
                check_pixels(RING_IN_RING, rings, (x, y), size)


@settings(max_examples=60, deadline=None)
@given(masks, st.integers(0, 3), st.booleans(), st.integers(1, 3), st.integers(-9, 2))
def test_flips_quarter_turns_and_whole_zooms_are_exact(mask, quarters, flip, factor, shift):
    linear = np.linalg.matrix_power(np.array([[0, 1], [-1, 0]]), quarters) @ np.diag([-1 if flip else 1, 1])
    corners = linear @ np.array([[0, mask.shape[1]], [0, mask.shape[0]]])
    turned = np.rot90(mask[:, ::-1] if flip else mask, quarters)
    turned = turned.repeat(factor, axis=0).repeat(factor, axis=1)
    matrix = EYE.copy()
    matrix[:2, :2], matrix[:2, 2] = factor * linear, shift - factor * corners.min(axis=1)
    size = (14, 11)
    (found,), (box,), (areas,) = move_polygons([traced(mask)], matrix, size)
    expected = np.zeros((60, 60), bool)
    expected[20 + shift :, 20 + shift :][: turned.shape[0], : turned.shape[1]] = turned
    expected = expected[20 : 20 + size[1], 20 : 20 + size[0]]
    assert (painted(found, grid(size)).reshape(expected.shape) == expected).all()
    assert areas.tolist() == [turned.sum(), expected.sum()]
    rows, columns = np.nonzero(expected)
    if len(rows):
        assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@settings(max_examples=60, deadline=None)
@given(masks, st.integers(-9, 9), st.integers(-9, 9), st.integers(-4, 4), st.integers(-4, 4))
def test_what_one_canvas_hid_the_next_does_not_show(mask, x, y, across, down):
    size = (8, 6)
    first, _, _ = move_polygons([traced(mask)], np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]]), size)
    (found,), (box,), (areas,) = move_polygons(first, np.array([[1.0, 0, across], [0, 1, down], [0, 0, 1]]), size)
    canvas = np.zeros((60, 60), bool)
    canvas[20 + y :, 20 + x :][: mask.shape[0], : mask.shape[1]] = mask
    canvas = canvas[20:26, 20:28]
    moved = np.zeros((60, 60), bool)
    moved[20 + down : 26 + down, 20 + across : 28 + across] = canvas
    moved = moved[20:26, 20:28]
    assert areas.tolist() == [canvas.sum(), moved.sum()]
    assert (painted(found, grid(size)).reshape(moved.shape) == moved).all()
    rows, columns = np.nonzero(moved)
    if len(rows):
        assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def stars(rng):
    """Return an outline of one or two parts beside each other, perhaps with a hole and an island in it."""
    rings = []
    for number in range(rng.integers(1, 3)):
        centre = np.array([20.0 + 45 * number, 25 + rng.uniform(-10, 10)])
        outer = star(rng, centre, 22.0, rng.integers(5, 16))
        rings.append(outer)
        if rng.random() < 0.6:
            rings.append((0.6 * (outer - centre) + centre)[::-1].astype(np.float32))
            if rng.random() < 0.5:
                rings.append((0.3 * (outer - centre) + centre).astype(np.float32))
    return tuple(sorted(rings, key=lambda ring: -abs(ring_area(ring))))


@pytest.mark.parametrize("tilt", [0.0, 0.004])
@pytest.mark.parametrize("seed", range(40))
def test_turned_sheared_zoomed_and_in_perspective_an_outline_stays_exact(seed, tilt):
    """Pixel centres, moved back, are asked in the outline as it was."""
    rng = np.random.default_rng(seed)
    polygon = stars(rng)
    turn, factor = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(-0.9, 1.3))
    linear = factor * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = linear @ [[1, rng.uniform(-0.4, 0.4)], [0, 1]] @ np.diag([rng.choice([-1, 1]), 1])
    matrix, size = EYE.copy(), (48, 40)
    matrix[:2, :2], matrix[:2, 2] = linear, rng.uniform(0, 40, 2) - linear @ [42, 25]
    matrix[2] = [tilt * rng.choice([-1, 1]), tilt * rng.choice([-1, 1]), 1]
    (found,), (box,), ((whole, seen),) = move_polygons([polygon], matrix, size)

    def filled(points_K2):
        back_K3 = np.column_stack([points_K2, np.ones(len(points_K2))]) @ np.linalg.inv(matrix).T
        return painted(polygon, back_K3[:, :2] / back_K3[:, 2:]) & (back_K3[:, 2] > 0)

    points = grid(size, 0.25)
    expected = filled(points)
    assert (painted(found, points) != expected).mean() < 1e-4  # on the very edge
    assert seen == pytest.approx(expected.sum() * 0.25**2, rel=0.02, abs=1)
    fine = grid((95, 80), 0.25) - [5, 15]
    factors = abs(np.linalg.det(matrix)) / (fine @ matrix[2, :2] + 1) ** 3  # of areas, at each point
    assert whole == pytest.approx((painted(polygon, fine) * factors).sum() * 0.25**2, rel=0.02)
    if not expected.any():
        return
    around = points[expected]
    assert (around.min(axis=0) >= box[:2]).all()
    assert (around.max(axis=0) <= box[2:]).all()
    for axis, side in ((0, box[0]), (1, box[1]), (0, box[2]), (1, box[3])):
        band = grid((size[1 - axis], 0.1), 0.01)[:, [axis, 1 - axis]][:, ::-1].copy()
        band[:, axis] += min(side, size[axis] - 0.05) - 0.05
        inside = (band >= box[:2]).all(axis=1) & (band <= box[2:]).all(axis=1)
        assert filled(band[inside]).any()  # tips may be thin


SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32)


def test_parts_that_overlap_stay_filled_when_they_are_cut():
    rings = (SQUARE, SQUARE + np.float32([5, 2]))
    (found,), _, _ = move_polygons([rings], EYE, (8, 20))
    points = grid((8, 20), 0.47)
    assert (painted(found, points) == painted(rings, points)).all()
    assert all(ring_area(ring) > 0 for ring in found)


def test_a_ring_that_crosses_itself_keeps_both_halves_when_it_is_cut():
    bow = (np.array([[0, 0], [20, 10], [20, 0], [0, 12]], np.float32),)
    for x, size in ((0, (15, 20)), (0, (4, 20)), (0, (30, 6)), (-12, (20, 20)), (-12, (6, 20))):
        (found,), _, _ = move_polygons([bow], np.array([[1.0, 0, x], [0, 1, 0], [0, 0, 1]]), size)
        points = grid(size, 0.47)
        assert (painted(found, points) == holds(bow[0] + [x, 0], points)).all()


BRIDGED = [(0, 0), (10, 0), (10, 5), (30, 5), (30, 0), (40, 0), (40, 10), (30, 10), (30, 5), (10, 5), (10, 10), (0, 10)]
"""Two squares, joined by a line there and back."""


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("first", range(len(BRIDGED)))
def test_lines_there_and_back_are_not_seen_where_they_are_cut(first, turned):
    ring = np.roll(np.array(BRIDGED, np.float32), first, axis=0)
    ring, axes = (ring[::-1, ::-1], [1, 0]) if turned else (ring, [0, 1])
    matrix = EYE.copy()
    for start, end, expected, area in (
        (0, 20, (0, 10), 100),
        (20, 40, (10, 20), 100),
        (12, 28, None, 0),
        (5, 20, (0, 5), 50),
        (5, 35, (0, 30), 100),
    ):
        size = np.array([end - start, 10])[axes]
        matrix[:2, 2] = np.array([-start, 0])[axes]
        (found,), (box,), (areas,) = move_polygons([(ring,)], matrix, tuple(size.tolist()))
        assert areas.tolist() == [200, area]
        if expected is None:
            assert found == ()
        else:
            assert box.reshape(2, 2)[:, axes].tolist() == [[expected[0], 0], [expected[1], 10]]


@pytest.mark.parametrize("seed", range(60))
def test_two_parts_joined_by_a_line_have_the_box_of_two_parts(seed):
    rng = np.random.default_rng(seed)
    one, other = (star(rng, rng.uniform((10, 10), (70, 50)), 8.0, 9) for _ in range(2))
    here, there = rng.integers(9, size=2)
    around = np.roll(other, -there, axis=0)
    joined = np.concatenate([one[: here + 1], around, around[:1], one[here:]])
    turn, matrix = rng.uniform(-0.3, 0.3), EYE.copy()
    matrix[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    matrix[:2, 2] = rng.uniform((-30, -20), (10, 10))
    _, boxes, areas = move_polygons([(one, other), (joined,)], matrix, (60, 50))
    if holds(one, other).any() or holds(other, one).any():
        return  # parts that overlap are another object as one ring
    np.testing.assert_allclose(*areas, atol=0.01)
    np.testing.assert_allclose(*boxes, atol=0.01)


def test_what_only_touches_the_canvas_is_not_seen():
    angle = np.array([[-5, 0], [0, 0], [0, 8], [8, 8], [8, 10], [-5, 10]], np.float32)  # a foot reaches in
    (found,), (box,), (areas,) = move_polygons([(angle,)], EYE, (20, 20))
    assert box.tolist() == [0, 8, 8, 10]
    assert areas[1] == ring_area(found[0]) == 16
    around = framed(
        "#########", "#########", "##     ##", "##     ##", "##  #  ##"
    )  # comes in from above and from below
    for window in ((2, 2, 5, 3), (2, 1, 5, 4), (1, 2, 3, 3)):
        check_pixels(around, traced(around), window[:2], window[2:])


def test_objects_stay_in_order_and_unknown_ones_among_them():
    line = np.array([[1, 1], [5, 1], [3, 1]], np.float32)
    polygons = ((), (SQUARE + np.float32([15, 0]),), (line,), (SQUARE - np.float32(40),), (SQUARE, SQUARE * 0.5))
    found, boxes, areas = move_polygons(polygons, EYE, (20, 20))
    assert [len(rings) for rings in found] == [0, 1, 0, 0, 2]
    assert boxes.tolist() == [[0, 0, 0, 0], [15, 0, 20, 10], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 10, 10]]
    assert areas.tolist() == [[0, 0], [100, 50], [0, 0], [100, 0], [125, 125]]
    assert move_polygons((), EYE, (20, 20))[0] == ()
    assert move_polygons(((), ()), EYE, (20, 20))[0] == ((), ())


def test_rings_that_are_moved_are_the_callers_no_more():
    ring = SQUARE.copy()
    (found,), _, _ = move_polygons([(ring,)], EYE, (20, 20))
    found[0][:] = 3
    assert (ring == SQUARE).all()
    ring.flags.writeable = False  # as rings of a sample are
    move_polygons([(ring,)], EYE, (5, 5))


@pytest.mark.slow
def test_a_hundred_outlines_take_milliseconds():
    rng = np.random.default_rng(0)
    polygons = [(star(rng, rng.uniform(0, 640, 2), 60.0, 60),) for _ in range(100)]
    turn = np.array([[0.9, -0.2, 30], [0.2, 0.9, -20], [0, 0, 1]])
    taken = []
    for _ in range(20):
        start = time.perf_counter()
        move_polygons(polygons, turn, (640, 640))
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.02  # 1.5 ms on one core; a slow machine has room

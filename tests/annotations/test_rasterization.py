import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from visionft.annotations import rasterization
from visionft.annotations.rasterization import box_around, fill, fill_in_box, fill_object, fill_ring, trace, untangle

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))


def ring(*points):
    return np.array(points, np.float32)


def square(left, top, right, bottom):
    return ring((left, top), (right, top), (right, bottom), (left, bottom))


def star(seed, centre=(50, 40), radius=(12, 45), points=9):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, points))
    radii = rng.uniform(*radius, points)
    return np.stack([centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)], 1).astype(np.float32)


def inside(rings, points):
    """Which points have their centre in it: the even-odd rule, ring by ring."""
    x, y = points
    found = np.zeros(x.shape, bool)
    for each in rings:
        odd = np.zeros(x.shape, bool)
        for (x0, y0), (x1, y1) in zip(each.tolist(), np.roll(each, -1, axis=0).tolist(), strict=True):
            if y0 != y1:
                odd ^= ((y0 <= y) != (y1 <= y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
        found = found | odd if shoelace(each) > 0 else found & ~odd
    return found


def shoelace(each):
    sides = zip(each.tolist(), np.roll(each, -1, axis=0).tolist(), strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in sides) / 2


@settings(max_examples=200, deadline=None)
@given(MASKS)
def test_what_is_traced_paints_the_same_pixels(mask):
    height, width = mask.shape
    rings = trace(mask)
    assert np.array_equal(fill(rings, (width, height)), mask)
    centres = np.mgrid[:height, :width][::-1] + 0.5
    assert np.array_equal(inside(rings, centres), mask)
    found = fill_object(rings, (width, height))
    assert np.array_equal(found.whole((width, height)), mask)
    if mask.any():
        rows, columns = np.nonzero(mask)
        assert box_around(rings) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert (found.left, found.top) == (columns.min(), rows.min())


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_rings_are_parts_and_holes_and_hold_no_needless_points(mask):
    rings = trace(mask)
    eight = np.ones((3, 3))
    holes = ndimage.label(np.pad(~mask, 1, constant_values=True))[1] - 1
    areas = [shoelace(each) for each in rings]
    assert sum(each > 0 for each in areas) == ndimage.label(mask, eight)[1]
    assert sum(each < 0 for each in areas) == holes
    assert [abs(each) for each in areas] == sorted((abs(each) for each in areas), reverse=True)
    for each in rings:
        ways = np.roll(each, -1, axis=0) - each
        assert each.dtype == np.float32
        assert ((ways != 0).sum(axis=1) == 1).all()  # along rows and columns
        assert (((ways != 0) & (np.roll(ways, 1, axis=0) != 0)).sum(axis=1) == 0).all()  # turning at every point


def test_a_known_outline():
    """A ring with an island in its hole, and a pixel that touches it diagonally."""
    mask = np.zeros((8, 9), bool)
    mask[1:6, 1:6] = True
    mask[2:5, 2:5] = False
    mask[3, 3] = mask[6, 6] = True
    outer, hole, island = trace(mask)
    points = [(1, 1), (6, 1), (6, 6), (7, 6), (7, 7), (6, 7), (6, 6), (1, 6)]
    assert sorted(map(tuple, outer.tolist())) == sorted(points)
    assert sorted(map(tuple, hole.tolist())) == [(2, 2), (2, 5), (5, 2), (5, 5)]
    assert [shoelace(each) for each in (outer, hole, island)] == [26, -9, 1]
    assert np.array_equal(fill((island, hole, outer), (9, 8)), mask)  # whatever their order


@pytest.mark.parametrize("seed", range(4))
def test_pixels_are_those_whose_centres_are_inside(seed):
    rings = (star(seed), star(seed + 10, radius=(4, 9))[::-1], star(seed + 20, (70, 60)))
    centres = np.mgrid[:80, :90][::-1] + 0.5
    ordered = sorted(rings, key=lambda each: -abs(shoelace(each)))
    assert np.array_equal(fill(rings, (90, 80)), inside(ordered, centres))


@pytest.mark.parametrize("seed", range(4))
def test_the_part_that_an_outline_reaches_is_cut_from_the_whole(seed):
    rings = (star(seed, (10, 70)), star(seed + 10, (12, 70), radius=(4, 9))[::-1])
    found = fill_object(rings, (60, 80))
    assert np.array_equal(found.whole((60, 80)), fill(rings, (60, 80)))
    assert found.shape < (80, 60)


def test_nothing_is_nothing():
    far = square(100, 100, 120, 130)
    for rings in ((), (ring((1, 1), (5, 5)),), (ring((1, 1), (5, 5), (9, 9)),), (far,), (square(1, 1, 5, 5)[::-1],)):
        assert not fill(rings, (20, 20)).any()
        assert fill_object(rings, (20, 20)).area == 0
        assert not fill_in_box(rings, np.array([0, 0, 20, 20], np.float32), 7).any()
    assert trace(np.zeros((5, 5), bool)) == ()
    assert trace(np.zeros((0, 5), bool)) == ()
    assert not fill_in_box((far,), np.array([110, 110, 110, 120], np.float32), 7).any()


@pytest.mark.parametrize("seed", range(4))
def test_cells_of_a_box_are_those_whose_centres_are_inside(seed):
    each = star(seed)
    box = np.array([20.3, 5.5, 70.1, 61.7], np.float32)
    cells = fill_in_box((each,), box, 56)
    across, down = np.meshgrid(np.arange(56) + 0.5, np.arange(56) + 0.5)
    x, y = box[0] + across * (box[2] - box[0]) / 56, box[1] + down * (box[3] - box[1]) / 56
    assert (cells.dtype, set(np.unique(cells))) == (np.uint8, {0, 1})
    assert np.array_equal(cells, inside((each,), (x, y)))


def test_cells_of_known_boxes():
    rings = (square(2, 4, 6, 12), square(3, 6, 5, 10)[::-1])
    whole = fill_in_box(rings, np.array([2, 4, 6, 12]), 4)
    assert whole.tolist() == [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    quarter = fill_in_box(rings, np.array([4, 8, 6, 12]), 2)
    assert quarter.tolist() == [[0, 1], [1, 1]]


@pytest.mark.parametrize("seed", range(4))
def test_strips_have_no_seams(seed, monkeypatch):
    monkeypatch.setattr(rasterization, "_AT_ONCE", 200)
    mask = np.full((80, 90), 7, np.uint8)
    fill_ring(mask, star(seed, points=40), 3)
    assert np.array_equal(mask == 3, inside((star(seed, points=40),), np.mgrid[:80, :90][::-1] + 0.5))
    assert set(np.unique(mask)) == {3, 7}


def test_a_large_area_costs_little_more_than_the_mask():
    tracemalloc.start()
    mask = fill((square(0, 0, 4000, 3000),), (4000, 3000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert mask.all()
    assert peak < 2 * mask.nbytes


BOW_TIE = ring((10, 10), (30, 30), (30, 10), (10, 30))


@pytest.mark.parametrize("scale", [0.01, 1, 50])
def test_a_ring_that_crosses_itself_is_traced_anew(scale):
    for each, painted in (
        (BOW_TIE, 200),  # of parts as large that run in opposite ways
        (ring((0, 0), (30, 30), (30, 10), (0, 40)), 500),
        (ring((0, 0), (40, 0), (40, 40), (0, 40), (0, 0), (20, 0), (20, 20), (0, 20)), 1200),  # twice around a corner
        (ring((20, 0), (32, 38), (1, 14), (39, 14), (8, 38)), None),
    ):
        for way in (each, each[::-1]):
            found = untangle(way * np.float32(scale))
            assert all(part.dtype == np.float32 for part in found)
            centres = np.mgrid[:200, :200][::-1] * 0.2 + 0.1
            expected = inside((each if shoelace(each) > 0 else each[::-1],), centres) if shoelace(each) else None
            again = inside([part / scale for part in found], centres)
            assert again.sum() * 0.04 == pytest.approx(sum(map(shoelace, found)) / scale**2, abs=3)
            assert expected is None or (again != expected).mean() < 0.005
            assert painted is None or again.sum() * 0.04 == pytest.approx(painted, abs=3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 60), st.booleans())
def test_a_ring_that_does_not_cross_itself_is_only_turned(seed, points, backwards):
    each = star(seed, points=points, radius=(2, 45))
    if shoelace(each) > 0:
        (found,) = untangle(each[::-1] if backwards else each)
        assert np.array_equal(found, each)


@pytest.mark.parametrize("each", [ring((1, 1), (5, 5), (9, 9)), ring((1, 1), (1, 5), (1, 9)), ring((2, 2), (2, 2))])
def test_what_has_no_area_is_left_as_it_is(each):
    (found,) = untangle(each)
    assert shoelace(found) == 0


def test_an_outline_far_beyond_a_tiny_box():
    """Its points are billions of cells away, more than 32 bits hold."""
    box = np.array([30, 30, 30.001, 30.001], np.float32)
    half = ring((-20000, -20000), (30.0005, -20000), (30.0005, 40000), (-20000, 40000))
    assert fill_in_box((square(-20000, -20000, 40000, 40000),), box, 8).all()
    assert fill_in_box((half,), box, 8).tolist() == [[1] * 4 + [0] * 4] * 8


@settings(max_examples=100, deadline=None)
@given(hnp.arrays(np.float32, st.tuples(st.integers(3, 9), st.just(2)), elements=st.integers(-8, 20)))
def test_rings_that_cross_themselves_and_leave_the_image(each):
    """Whole and half numbers lie on centres: the left and the upper edge belong to what they bound."""
    each = each / 2
    expected = inside((each,) if shoelace(each) > 0 else (each[::-1],), np.mgrid[:7, :9][::-1] + 0.5)
    assert np.array_equal(fill((each if shoelace(each) > 0 else each[::-1],), (9, 7)), expected & (shoelace(each) != 0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_neighbours_share_no_pixel_and_leave_none_out(seed):
    points = np.random.default_rng(seed).uniform(0, 20, (5, 2)).astype(np.float32)
    apart = ring((-50, -50), *points, (70, 70))
    one = np.concatenate([apart, ring((70, -50))])
    other = np.concatenate([apart, ring((-50, 70))])
    if shoelace(one) > 0 > shoelace(other):
        assert np.array_equal(fill((one,), (20, 20)), ~fill((other[::-1],), (20, 20)))

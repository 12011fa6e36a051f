"""Cells of a box as pixels of the image: against a search pixel by pixel, in exact fractions."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visionft.annotations.object_mask import ObjectMask
from visionft.tasks.objects.masks import paste, paste_within, unite

SIDE = 5  # any side will do; few cells show more of each
HALF = Fraction(1, 2)


def probability(cells, box, x, y):
    """Interpolate at the centre of a pixel, between the centres of cells and level beyond the outer ones."""
    side, weights = len(cells), []
    for at, start, end in ((x, box[0], box[2]), (y, box[1], box[3])):
        place = (at + HALF - start) / (end - start) * side - HALF
        place = min(max(place, Fraction(0)), Fraction(side - 1))
        low = min(floor(place), side - 2)
        weights.append({low: 1 - (place - low), low + 1: place - low})
    return sum(
        w * v * Fraction(float(cells[row][column])) for column, w in weights[0].items() for row, v in weights[1].items()
    )


def searched(cells, box, limits):
    """Return the pixels of an object, and those so near to a half that a float32 may say either."""
    box = [Fraction(float(side)) for side in box]
    inside, unsure = set(), set()
    for y in range(limits[1], limits[3]):
        for x in range(limits[0], limits[2]):
            if box[0] <= x + HALF < box[2] and box[1] <= y + HALF < box[3]:
                value = probability(cells, box, x, y)
                if value != HALF and abs(value - HALF) < 1e-6:
                    unsure.add((x, y))
                elif value >= HALF:
                    inside.add((x, y))
    return inside, unsure


def pixels(mask, size):
    return {(int(x), int(y)) for y, x in np.argwhere(mask.whole(size))}


coordinates = st.one_of(
    st.integers(-8, 24).map(float), st.integers(-16, 48).map(lambda n: n / 2), st.floats(-8, 24, width=32)
)
# halves and wholes as well, where everything is a matter of >= and >
cells = st.lists(
    st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1, width=32)), min_size=SIDE**2, max_size=SIDE**2
).map(lambda values: np.reshape(np.float32(values), (SIDE, SIDE)))


@settings(max_examples=120, deadline=None)
@given(cells, st.lists(coordinates, min_size=4, max_size=4), st.integers(1, 14), st.integers(1, 14))
def test_pixels_are_those_of_a_search(values, corners, width, height):
    x1, y1, x2, y2 = corners
    box = np.float32([min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)])
    mask = paste(values, box, (width, height))
    inside, unsure = searched(values, box, (0, 0, width, height))
    assert pixels(mask, (width, height)) - unsure == inside
    assert mask.shape[0] + mask.top <= height
    assert mask.shape[1] + mask.left <= width


@settings(max_examples=30, deadline=None)
@given(cells, st.tuples(*[st.integers(0, 9)] * 2), st.tuples(*[st.integers(1, 9)] * 2))
def test_a_part_of_the_image_shows_that_part_of_the_object(values, corner, size):
    limits = (*corner, corner[0] + size[0], corner[1] + size[1])
    box = np.float32([2.25, -3, 14.5, 11])
    whole, part = paste(values, box, (20, 20)), paste_within(values, box, limits)
    kept = {(x, y) for x, y in pixels(whole, (20, 20)) if limits[0] <= x < limits[2] and limits[1] <= y < limits[3]}
    assert pixels(part, (20, 20)) == kept


def test_a_large_object_is_the_same_in_bands():
    """Its rows are worked on in several parts: its halves are those of an image of half the height."""
    values = np.random.default_rng(0).random((56, 56), np.float32)
    box = np.float32([-10.5, -7.25, 1400, 900.5])
    whole = paste(values, box, (1300, 880)).whole((1300, 880))
    upper, lower = (paste_within(values, box, (0, top, 1300, top + 440)) for top in (0, 440))
    assert (whole[:440] == upper.whole((1300, 440))).all()
    assert (whole[440:] == lower.pixels_hw[:, :1300]).all()
    assert 0.4 < whole.mean() < 0.6
    rows, columns = np.random.default_rng(1).integers(0, (880, 1300), (60, 2)).T
    found = {(int(x), int(y)) for x, y in zip(columns, rows, strict=True) if whole[y, x]}
    sides = [Fraction(float(side)) for side in box]
    assert found == {
        (int(x), int(y))
        for x, y in zip(columns, rows, strict=True)
        if probability(values, sides, int(x), int(y)) >= HALF
    }


def test_even_cells_are_the_box():
    """All at a half, which is enough: the pixels whose centres lie in the half-open box."""
    mask = paste(np.full((56, 56), 0.5, np.float32), np.float32([2.5, 3.4, 7.5, 9.6]), (20, 20))
    assert pixels(mask, (20, 20)) == {(x, y) for x in range(2, 7) for y in range(3, 10)}
    below = np.full((56, 56), np.nextafter(np.float32(0.5), np.float32(0)))
    assert paste(below, np.float32([2.5, 3.4, 7.5, 9.6]), (20, 20)).area == 0


@pytest.mark.parametrize(
    "box",
    [
        (30, 30, 40, 40),
        (-9, -9, -1, -1),
        (5, 5, 5, 5),
        (3, 3, 3.4, 9),
        (-np.inf, 0, 9, 9),
        (0, 0, np.inf, 9),
        (0, 0, np.nan, 9),
    ],
)
def test_boxes_without_a_pixel(box):
    mask = paste(np.ones((SIDE, SIDE), np.float32), np.float32(box), (20, 20))
    assert mask.area == 0
    assert mask.whole((20, 20)).shape == (20, 20)


masks = st.builds(
    lambda left, top, rows: ObjectMask(left, top, np.array(rows, np.bool_).reshape(len(rows), 3)),
    st.integers(0, 6),
    st.integers(0, 6),
    st.lists(st.lists(st.booleans(), min_size=3, max_size=3), max_size=4),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(masks, min_size=1, max_size=4))
def test_united_masks_have_the_pixels_of_any(several):
    assert pixels(unite(several), (10, 10)) == set.union(*(pixels(mask, (10, 10)) for mask in several))

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visionft.annotations.marks import CROWD
from visionft.annotations.moving import MIN_VISIBILITY, clip_boxes, move_boxes, move_objects

rectangles = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 30), st.integers(1, 40), st.integers(1, 30), st.integers(-2, 3)),
    max_size=8,
).map(
    lambda rows: np.array([(x, y, x + wide, y + high, kind) for x, y, wide, high, kind in rows], np.float32).reshape(
        -1, 5
    )
)


@given(rectangles, st.integers(0, 3), st.booleans(), st.sampled_from([0.5, 1, 3]), st.integers(-50, 50))
def test_moved_without_a_turn_a_box_is_that_of_its_corners(boxes_N5, quarters, flip, factor, shift):
    linear = np.linalg.matrix_power(np.array([[0, -1], [1, 0]]), quarters) * factor @ np.diag([-1 if flip else 1, 2])
    matrix = np.vstack([np.column_stack([linear, [shift, 7]]), [0, 0, 1]])
    moved = move_boxes(boxes_N5, matrix)
    assert (moved.shape, moved.dtype) == (boxes_N5.shape, np.float32)
    for (left, top, right, bottom, kind), found in zip(boxes_N5.tolist(), moved.tolist(), strict=True):
        ends = [linear @ corner + (shift, 7) for corner in ((left, top), (right, bottom))]
        expected = [*np.minimum(*ends), *np.maximum(*ends), kind]
        assert found == pytest.approx(expected, abs=1e-3)


@settings(max_examples=30)
@given(st.integers(5, 60), st.integers(5, 60), st.floats(-40, 40), st.floats(-0.3, 0.3), st.floats(0.5, 2))
def test_turned_and_sheared_a_box_surrounds_the_ellipse(wide, high, degrees, shear, factor):
    turn = np.deg2rad(degrees)
    linear = factor * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[1, shear], [0, 1]]
    around = np.linspace(0, 2 * np.pi, 20000)
    polygon = np.array([10 + wide / 2 * (1 + np.cos(around)), 20 + high / 2 * (1 + np.sin(around))])
    points = linear @ polygon + [[3], [-4]]
    matrix = np.vstack([np.column_stack([linear, [3, -4]]), [0, 0, 1]])
    found = move_boxes(np.array([[10, 20, 10 + wide, 20 + high, 1]], np.float32), matrix)
    assert found[0].tolist() == pytest.approx([*points.min(axis=1), *points.max(axis=1), 1], abs=1e-3)


@settings(max_examples=60)
@given(
    st.floats(0, 80),
    st.floats(0, 60),
    st.floats(0.5, 40),
    st.floats(0.5, 30),
    st.floats(-180, 180),
    st.floats(-0.008, 0.008),
    st.floats(-0.008, 0.008),
)
def test_in_perspective_a_box_surrounds_the_ellipse(x, y, wide, high, degrees, across, down):
    """Anywhere on 120 x 90 pixels, places are divided by 0.58 at the least, and by 1 at the centre."""
    turn, tilt = np.deg2rad(degrees), np.array([across / 2, down / 2, 1 - 30 * across - 22.5 * down])
    matrix = np.array([[np.cos(turn), -np.sin(turn), 5], [1.3 * np.sin(turn), 1.3 * np.cos(turn), -8], tilt])
    around = np.linspace(0, 2 * np.pi, 40000)
    points = matrix @ [x + wide / 2 * (1 + np.cos(around)), y + high / 2 * (1 + np.sin(around)), np.ones(40000)]
    assert points[2].min() > 0.57
    points = points[:2] / points[2]
    found = move_boxes(np.array([[x, y, x + wide, y + high, 1]]), matrix)
    expected = [*points.min(axis=1), *points.max(axis=1), 1]
    assert found[0].tolist() == pytest.approx(expected, rel=1e-6, abs=1e-3)
    assert move_boxes(np.array([[x, y, x + wide, y + high, 1]]), 3 * matrix)[0].tolist() == pytest.approx(found[0])


def test_without_perspective_a_turned_box_is_the_one_it_always_was():
    """Half the sides of the box around an ellipse are the roots of sums of squares."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        boxes = rng.uniform(0, 500, (20, 5))
        boxes[:, 2:4] += boxes[:, :2]
        matrix = np.vstack([rng.normal(0, 1, (2, 3)), [0, 0, 1]])
        centres = (boxes[:, :2] + boxes[:, 2:4]) / 2 @ matrix[:2, :2].T + matrix[:2, 2]
        halves = np.sqrt(((boxes[:, 2:4] - boxes[:, :2]) / 2) ** 2 @ (matrix[:2, :2] ** 2).T)
        expected = np.hstack([centres - halves, centres + halves])
        assert np.abs(move_boxes(boxes, matrix)[:, :4] - expected).max() < 1e-3


@given(rectangles, st.integers(1, 60), st.integers(1, 60))
def test_clipped_boxes_are_what_is_seen_and_too_little_is_a_crowd(boxes_N5, width, height):
    before = boxes_N5.copy()
    expected = []
    for left, top, right, bottom, kind in boxes_N5.astype(int).tolist():
        seen = [(x, y) for x in range(left, right) for y in range(top, bottom) if x < width and y < height]
        if seen:
            (xs, ys), area = zip(*seen, strict=True), (right - left) * (bottom - top)
            label = kind if len(seen) >= MIN_VISIBILITY * area else CROWD
            expected.append([min(xs), min(ys), max(xs) + 1, max(ys) + 1, label])
    found = clip_boxes(boxes_N5, (width, height))
    assert found.dtype == np.float32
    assert found.tolist() == expected
    assert (boxes_N5 == before).all()


def test_clipping_at_every_edge():
    inside = [[0, 0, 30, 20, 1], [29, 19, 30, 20, 0], [-10, -10, 60, 60, CROWD]]
    cut = [[-1, 3, 3, 4, 1], [-3, 3, 1, 4, 1], [-4, 3, 1, 4, 1], [28, 18, 31, 21, 2]]
    gone = [[-5, 3, 0, 4, 1], [30, 3, 33, 4, 1], [3, 20, 4, 22, 1], [5, 5, 5, 9, 1]]
    found = clip_boxes(np.array([*inside, *cut, *gone], np.float32), (30, 20))
    assert found.tolist() == [
        [0, 0, 30, 20, 1],
        [29, 19, 30, 20, 0],
        [0, 0, 30, 20, CROWD],
        [0, 3, 3, 4, 1],
        [0, 3, 1, 4, 1],  # a quarter
        [0, 3, 1, 4, CROWD],  # a fifth
        [28, 18, 30, 20, 2],
    ]


@given(rectangles, st.floats(-3, 3), st.floats(0.2, 3), st.integers(-30, 30), st.booleans())
def test_without_outlines_boxes_are_moved_and_clipped_to_the_last_bit(boxes_N5, turn, factor, shift, flip):
    linear = (
        factor * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag([1 - 2 * flip, 1])
    )
    matrix = np.vstack([np.column_stack([linear, [shift, 3]]), [0, 0, 1]])
    expected = clip_boxes(move_boxes(boxes_N5, matrix), (25, 35))
    found, polygons = move_objects(boxes_N5, None, matrix, (25, 35))
    assert polygons is None
    assert found.tobytes() == expected.tobytes()
    found, polygons = move_objects(boxes_N5, ((),) * len(boxes_N5), matrix, (25, 35))
    assert found.tobytes() == expected.tobytes()
    assert polygons == ((),) * len(expected)


@given(rectangles, st.integers(-40, 40), st.integers(-40, 40))
def test_a_window_subtracts_its_corner_from_boxes_to_the_last_bit(boxes_N5, x, y):
    boxes_N5[:, :4] /= 7
    matrix = np.array([[1.0, 0, -x], [0, 1, -y], [0, 0, 1]])
    expected = clip_boxes(boxes_N5 - np.array([x, y, x, y, 0], np.float32), (25, 35))
    assert move_objects(boxes_N5, None, matrix, (25, 35))[0].tobytes() == expected.tobytes()


TRIANGLE = np.array([[0, 0], [20, 0], [0, 20]], np.float32)
SQUARE = np.array([[0, 0], [20, 0], [20, 20], [0, 20]], np.float32)


@pytest.mark.parametrize(("x", "kind"), [(-9, 2), (-10, 2), (-10.5, CROWD), (-15, CROWD)])
def test_an_outline_says_how_much_is_seen(x, kind):
    """Half of the sides of a triangle is a quarter of its area."""
    box = np.array([[0, 0, 20, 20, 2]], np.float32)
    matrix = np.array([[1.0, 0, x], [0, 1, 0], [0, 0, 1]])
    found, ((ring,),) = move_objects(box, ((TRIANGLE,),), matrix, (30, 30))
    assert found.tolist() == [[0, 0, 20 + x, 20 + x, kind]]
    assert sorted(ring.tolist()) == [[0, 0], [0, 20 + x], [20 + x, 0]]
    by_box, _ = move_objects(box, ((),), matrix, (30, 30))
    assert by_box.tolist() == [[0, 0, 20 + x, 20, 2]]


def test_objects_with_and_without_outlines_stay_in_order():
    boxes = [[0, 0, 20, 20, 1], [5, 5, 9, 9, 2], [40, 0, 60, 20, 3], [40, 0, 60, 20, 4], [0, 0, 20, 20, CROWD]]
    shift = np.float32([40, 0])
    polygons = ((TRIANGLE,), (), (SQUARE + shift,), (), (SQUARE, SQUARE[::-1] * 0.5))
    matrix = np.array([[-1.0, 0, 30], [0, 1, 0], [0, 0, 1]])  # a flip; what was at 40 is gone
    found, moved = move_objects(np.array(boxes, np.float32), polygons, matrix, (30, 30))
    assert found.tolist() == [[10, 0, 30, 20, 1], [21, 5, 25, 9, 2], [10, 0, 30, 20, CROWD]]
    assert [len(rings) for rings in moved] == [1, 0, 2]
    assert [ring.tolist() for ring in moved[0]] == [[[30, 20], [10, 0], [30, 0]]]  # still clockwise
    assert moved[2][1].tolist() == [[30, 0], [20, 0], [20, 10], [30, 10]]  # still the other way


def test_turned_the_box_is_that_of_the_outline():
    box = np.array([[0, 0, 20, 20, 1]], np.float32)
    diagonal = np.array([[1, -1, 20], [1, 1, 0], [0, 0, 1.0]])
    found, _ = move_objects(box, ((TRIANGLE,),), diagonal, (60, 60))
    assert found.tolist() == [[0, 0, 40, 20, 1]]

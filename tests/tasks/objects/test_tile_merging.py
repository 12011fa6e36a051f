"""Windows over an image with objects: each is found once, whatever the order."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tasks.objects.as_results import as_results
from visionft.imaging.placement import windows
from visionft.spec import InputSpec
from visionft.tasks.objects.detect import detect
from visionft.tasks.objects.tile_merging import Views, merge

SIDE = 200  # of the images, at most: pixels say where they are in 8 bits


def located(width, height):
    """Return an image whose pixels say where they are."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.arange(width), np.arange(height)[:, None]
    return image


def eye(objects, spec, size, salt=0):
    """Return a network that sees in each window what it shows of the objects, with a score of its own for each view.

    Args:
        objects: (left, top, right, bottom, class), in the frame of the image.
        spec: the windows.
        size: (width, height) of the image.
        salt: changes the scores, all of which lie between 0.51 and 1.
    """

    def run(images_BHW3):
        found_BN6 = np.zeros((len(images_BHW3), max(1, len(objects)), 6), np.float32)
        for found_N6, canvas in zip(found_BN6, images_BHW3, strict=True):
            x, y = (int(value) for value in canvas[0, 0, :2])
            rows = []
            for number, (left, top, right, bottom, label) in enumerate(objects):
                box = [
                    max(left, x),
                    max(top, y),
                    min(right, x + spec.width, size[0]),
                    min(bottom, y + spec.height, size[1]),
                ]
                if box[2] > box[0] and box[3] > box[1]:
                    score = 0.51 + 0.49 * zlib.crc32(f"{x} {y} {number} {salt}".encode()) / 2**32
                    rows.append([box[0] - x, box[1] - y, box[2] - x, box[3] - y, score, label])
            rows.sort(key=lambda row: -row[4])
            found_N6[: len(rows)] = np.reshape(rows, (-1, 6))
        return as_results(found_BN6)

    return run


def apart(objects):
    """Return the objects that touch none of their class before them."""
    kept = []
    for one in objects:
        if all(
            one[4] != other[4] or one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
            for other in kept
        ):
            kept.append(one)
    return kept


@st.composite
def scenes(draw):
    """Draw windows, an image, and objects in it that are no larger than what the windows have in common."""
    overlap = draw(st.floats(0.1, 0.8))
    spec = InputSpec(draw(st.integers(20, 60)), draw(st.integers(20, 60)), fit="tile", overlap=overlap)
    width, height = draw(st.integers(10, SIDE)), draw(st.integers(10, SIDE))
    objects = []
    for _ in range(draw(st.integers(0, 8))):
        wide = draw(st.integers(1, max(1, min(width, int(overlap * spec.width)))))
        high = draw(st.integers(1, max(1, min(height, int(overlap * spec.height)))))
        left, top = draw(st.integers(0, width - wide)), draw(st.integers(0, height - high))
        objects.append((left, top, left + wide, top + high, draw(st.integers(0, 2))))
    return spec, (width, height), apart(objects)


@settings(max_examples=80, deadline=None)
@given(scenes(), st.integers(0, 99), st.randoms(use_true_random=False))
def test_objects_smaller_than_the_overlap_are_found_once_in_any_order(scene, salt, random):
    spec, size, objects = scene
    run = eye(objects, spec, size, salt)
    found = detect(located(*size), spec, run, batch_size=3)
    assert sorted(map(tuple, found[:, [0, 1, 2, 3, 5]].tolist())) == sorted(objects)
    assert (np.diff(found[:, 4]) <= 0).all()
    with pytest.MonkeyPatch.context() as patch:

        def shuffled(original, spec):
            return random.sample(windows(original, spec), len(windows(original, spec)))

        patch.setattr("visionft.tasks.objects.detect.windows", shuffled)
        again = detect(located(*size), spec, run, batch_size=7)
    assert (again == found).all()


def suppressed(rows, least=0.5):
    """Return the rows that greedy non-maximum suppression keeps, one pair at a time in exact fractions of pixels."""
    kept = []
    for row in sorted(rows, key=lambda row: -row[4]):
        for other in kept:
            wide = min(row[2], other[2]) - max(row[0], other[0])
            high = min(row[3], other[3]) - max(row[1], other[1])
            shared = max(wide, 0) * max(high, 0)
            whole = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (row, other))
            if row[5] == other[5] and shared >= least * (whole - shared):
                break
        else:
            kept.append(row)
    return kept


coordinates = st.integers(0, 30)
rows = st.lists(
    st.tuples(coordinates, coordinates, st.integers(1, 20), st.integers(1, 20), st.integers(0, 1)), max_size=30
)


def whole_views(found, numbers=None):
    """Return views that no window has cut, each from a window of its own unless numbers say otherwise."""
    found_N6 = np.array(found, np.float32).reshape(-1, 6)
    limits_N4 = np.tile(np.float32([-np.inf, -np.inf, np.inf, np.inf]), (len(found), 1))
    return Views(found_N6, limits_N4, np.arange(len(found)) if numbers is None else np.array(numbers))


@settings(max_examples=60, deadline=None)
@given(rows)
def test_uncut_boxes_are_suppressed_as_by_greedy_nms(boxes):
    found = [[x, y, x + wide, y + high, (1 + rank) / 32, label] for rank, (x, y, wide, high, label) in enumerate(boxes)]
    assert merge([whole_views(found)]).tolist() == suppressed(found)


def test_boxes_of_one_window_are_left_as_they_are():
    found = [[0, 0, 10, 10, 0.75, 0], [0, 0, 10, 9, 0.5, 0]]
    assert merge([whole_views(found, [4, 4])]).tolist() == found
    assert merge([whole_views(found, [4, 5])]).tolist() == found[:1]


def test_equal_scores_are_no_matter_of_order():
    found = [[0, 0, 10, 10, 0.5, 0], [1, 0, 11, 10, 0.5, 0], [2, 0, 12, 10, 0.5, 0], [0, 0, 10, 10, 0.5, 1]]
    expected = merge([whole_views(found)]).tolist()
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(4)
        assert merge([whole_views([found[row] for row in order])]).tolist() == expected


SEAM = InputSpec(100, 100, fit="tile", overlap=0.25)
WIDE = (175, 100)  # windows at 0 and 75


def two_windows(left, right):
    """Return what is found where the left and the right of two windows find these, in the frame of the image."""
    given = np.zeros((2, 9, 6), np.float32)
    for found_N6, objects, start in zip(given, (left, right), (0, 75), strict=True):
        if objects:
            found_N6[: len(objects)] = np.array(objects, np.float32) - [start, 0, start, 0, 0, 0]
    image = located(*WIDE)
    return np.round(detect(image, SEAM, lambda images: as_results(given[: len(images)]), batch_size=2), 3).tolist()


def test_a_whole_view_wins_over_a_cut_one_that_is_surer():
    whole = [85, 20, 115, 50, 0.6, 0]
    assert two_windows([[85, 20, 99.5, 50, 0.9, 0]], [whole]) == [pytest.approx(whole, abs=1e-3)]


def test_an_unlikely_box_does_not_take_the_place_of_a_sure_one():
    cut = [60, 20, 100, 50, 0.9, 0]
    assert two_windows([cut], [[77, 20, 112, 50, 0.01, 0]]) == [pytest.approx(cut, abs=1e-3)]


def test_an_object_larger_than_the_overlap_is_put_together():
    found = two_windows([[20, 20, 100, 50, 0.7, 0]], [[75, 18, 140, 50, 0.8, 0]])
    assert found == [pytest.approx([20, 18, 140, 50, 0.8, 0], abs=1e-3)]


def test_a_piece_of_a_small_object_on_a_large_one_stays():
    large, small = [10, 10, 98, 90, 0.9, 0], [92, 20, 100, 30, 0.8, 0]
    assert two_windows([large, small], []) == [pytest.approx(row, abs=1e-3) for row in (large, small)]
    around = [80, 10, 170, 90, 0.9, 0]
    assert len(two_windows([small], [around])) == 2


def test_classes_are_apart():
    assert len(two_windows([[80, 20, 99, 50, 0.6, 0]], [[80, 20, 110, 50, 0.9, 1]])) == 2


def test_neighbours_at_a_seam_stay_two():
    found = two_windows([[60, 20, 88, 50, 0.9, 0], [88, 20, 100, 50, 0.7, 0]], [[88, 20, 116, 50, 0.6, 0]])
    assert [row[:4] for row in found] == [[60, 20, 88, 50], [88, 20, 116, 50]]


def test_the_edge_of_the_image_cuts_nothing():
    """What ends with the image has been seen whole."""
    for top, bottom in ((0, 30), (70, 100)):
        whole = [85, top, 115, bottom, 0.6, 0]
        assert two_windows([[85, top, 99.5, bottom, 0.9, 0]], [whole]) == [pytest.approx(whole, abs=1e-3)]


def test_an_unlikely_part_does_not_make_an_object_larger():
    cut = [60, 20, 100, 50, 0.9, 0]
    assert two_windows([cut], [[75, 20, 130, 50, 0.1, 0]]) == [pytest.approx(cut, abs=1e-3)]


def test_what_lies_outside_the_window_or_the_image_is_cut_off():
    assert two_windows([[-20, -10, 30, 130, 0.9, 0], [-9, 3, 0, 9, 0.9, 0], [5, 5, float("nan"), 9, 0.9, 0]], []) == [
        pytest.approx([0, 0, 30, 100, 0.9, 0], abs=1e-3)
    ]


def test_none_of_many_is_lost():
    generator = np.random.default_rng(0)
    found = [
        [x, y, x + 1, y + 1, score, 0]
        for (x, y), score in zip(np.ndindex(120, 100), generator.permutation(12_000) / 20_000 + 0.1, strict=True)
    ]
    kept = merge([whole_views(found)])
    np.testing.assert_allclose(kept[:, 4], np.arange(11_999, -1, -1) / 20_000 + 0.1, rtol=1e-6)


def test_nothing_is_found():
    assert merge([]).shape == (0, 6)
    assert two_windows([], []) == []

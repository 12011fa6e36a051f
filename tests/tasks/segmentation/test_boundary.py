import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tasks.segmentation.label_maps import IGNORED, blocks, map_pairs
from visionft.tasks.segmentation.boundary import boundary_f1, count_boundaries, squared_tolerance


def boundary(labels_HW, label):
    """Return the (row, column) of each boundary pixel of a class, one pixel and neighbour at a time."""
    height, width = labels_HW.shape
    found = []
    for row in range(height):
        for column in range(width):
            around = [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
            near = {int(labels_HW[y, x]) for y, x in around if 0 <= y < height and 0 <= x < width}
            if labels_HW[row, column] == label and near - {label, IGNORED}:
                found.append((row, column))
    return found


def matched(points, others, squared):
    return sum(any((y - b) ** 2 + (x - a) ** 2 <= squared for b, a in others) for y, x in points)


def brute_force(truth_HW, predicted_HW, classes, squared):
    predicted_HW = np.where(truth_HW == IGNORED, IGNORED, predicted_HW)
    columns = []
    for label in range(classes):
        true, predicted = boundary(truth_HW, label), boundary(predicted_HW, label)
        columns.append(
            [len(true), matched(true, predicted, squared), len(predicted), matched(predicted, true, squared)]
        )
    return np.transpose(columns)


@settings(max_examples=150, deadline=None)
@given(map_pairs(), st.sampled_from([0, 1, 2, 4, 5, 13, 400]))
def test_counts_equal_a_search_of_all_pairs(maps, squared):
    assert count_boundaries(*maps, 4, squared).tolist() == brute_force(*maps, 4, squared).tolist()


def test_an_edge_that_is_shifted_within_the_tolerance_is_right():
    maps = [np.repeat(np.uint8([[0] * at + [1] * (40 - at)]), 30, axis=0) for at in (20, 23)]
    for squared, share in ((8, 0), (9, 1)):
        counts_4K = count_boundaries(*maps, 2, squared)
        assert counts_4K.tolist() == [[30, 30], [30 * share, 30 * share]] * 2
        assert boundary_f1(counts_4K).tolist() == [share, share]


def test_neither_the_edge_of_the_image_nor_of_what_is_ignored_is_a_boundary():
    labels_HW = np.zeros((6, 6), np.uint8)
    assert not count_boundaries(labels_HW, labels_HW, 2, 4).any()
    assert np.isnan(boundary_f1(count_boundaries(labels_HW, labels_HW, 2, 4))).all()
    truth_HW = labels_HW.copy()
    truth_HW[2:4, 2:4] = IGNORED
    inside_HW = labels_HW.copy()
    inside_HW[2:4, 2:4] = 1
    assert not count_boundaries(truth_HW, inside_HW, 2, 4).any()


@pytest.mark.parametrize(
    ("size", "radius"),
    [((240, 320), 3.0), ((480, 640), 6.0), ((4000, 6000), 0.0075 * 52e6**0.5), ((1, 1), 0.0075 * 2**0.5)],
)
def test_the_tolerance_is_a_share_of_the_diagonal(size, radius):
    assert squared_tolerance(*size) == int(radius**2)


def test_f1_is_0_where_nothing_matches_and_a_mean_of_both_shares_elsewhere():
    #          true, found, predicted, right: of four classes
    counts_4K = np.array([[8, 8, 0, 0], [0, 4, 0, 0], [8, 5, 3, 0], [0, 5, 0, 0]])
    np.testing.assert_allclose(boundary_f1(counts_4K), [0, 2 / 3, 0, np.nan], rtol=1e-12)


def test_nothing_is_found_where_every_pixel_is_a_boundary_of_another_class():
    rng = np.random.default_rng(0)
    truth_HW, predicted_HW = blocks(rng, 300, 400, [0, 1], 1), blocks(rng, 300, 400, [2, 3], 1)
    counts_4K = count_boundaries(truth_HW, predicted_HW, 4, squared_tolerance(300, 400))
    assert counts_4K[1].tolist() == counts_4K[3].tolist() == [0, 0, 0, 0]
    assert counts_4K[0].sum() > 100_000

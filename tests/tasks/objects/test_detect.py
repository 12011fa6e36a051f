"""From the canvas back to the image: against the matrix, and by what is drawn there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tasks.objects.as_results import as_results
from visionft.imaging.placement import canvas_from_original
from visionft.spec import InputSpec
from visionft.tasks.objects.detect import boxes_in_original, detect

sides = st.integers(1, 900)
shares = st.floats(0, 1, width=32)
specs = st.builds(
    InputSpec,
    height=st.integers(16, 300),
    width=st.integers(16, 300),
    fit=st.sampled_from(["stretch", "crop", "pad"]),
    crop_pct=st.floats(0.5, 1.0),
)


@settings(max_examples=80, deadline=None)
@given(sides, sides, specs, st.lists(st.tuples(shares, shares, shares, shares), max_size=5))
def test_boxes_go_to_the_canvas_and_back(width, height, spec, corners):
    """Those of at least a hundredth of a pixel, which a float32 can still tell from nothing."""
    boxes = np.array(
        [[width * min(a, b), height * min(c, d), width * max(a, b), height * max(c, d)] for a, b, c, d in corners]
    ).reshape(-1, 4)
    boxes = boxes[(boxes[:, 2:] - boxes[:, :2] > 0.01).all(axis=1)]
    matrix = canvas_from_original((width, height), spec)
    ends = [np.column_stack([part, np.ones(len(part))]) @ matrix.T for part in (boxes[:, :2], boxes[:, 2:])]
    scores = np.linspace(1, 0.5, len(boxes))
    canvas = np.column_stack([ends[0][:, :2], ends[1][:, :2], scores, np.arange(len(boxes))])
    padded = np.concatenate([canvas, np.zeros((3, 6))]).astype(np.float32)
    found = boxes_in_original(padded, (width, height), spec)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, :4], boxes, atol=2e-3)
    np.testing.assert_array_equal(found[:, 4:], canvas[:, 4:].astype(np.float32))
    assert (found[:, :4] >= 0).all()
    assert (found[:, 2:4] <= [width, height]).all()


def test_boxes_are_cut_to_the_image_and_those_outside_it_left_out():
    spec = InputSpec(100, 100, fit="pad")  # of 400 x 200: 100 x 50 with a border of 25 above and below
    rows = [
        [10, 0, 20, 30, 0.9, 2],  # reaches into the border
        [-5, 40, 200, 50, 0.8, 1],
        [10, 2, 20, 25, 0.7, 0],  # in the border only
        [50, 50, 50, 60, 0.6, 0],  # empty
        [60, 40, 50, 60, 0.6, 0],  # inside out
        [50, 50, np.nan, 60, 0.6, 0],
        [20, 30, 40, 50, np.nan, 0],
        [0, 0, 100, 100, 0, 0],  # no detection
    ]
    found = boxes_in_original(np.float32(rows), (400, 200), spec)
    expected = [[40, 0, 80, 20, 0.9, 2], [0, 60, 400, 100, 0.8, 1]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert boxes_in_original(np.zeros((7, 6), np.float32), (40, 30), spec).shape == (0, 6)


def test_what_is_given_is_not_changed():
    given = np.float32([[-10, 10, 20, 20, 0.5, 0]])
    before = given.copy()
    boxes_in_original(given, (50, 60), InputSpec(30, 40, fit="stretch"))
    detect(
        np.zeros((40, 50, 3), np.uint8),
        InputSpec(30, 40, fit="tile"),
        lambda images: as_results(np.stack([given] * len(images))),
    )
    assert (given == before).all()


def bright(images_BHW3):
    """Stand in for a network that finds the box around bright pixels."""
    found_B16 = np.zeros((len(images_BHW3), 1, 6), np.float32)
    for found_16, image in zip(found_B16, images_BHW3, strict=True):
        ys, xs = np.nonzero(image[..., 0] > 200)
        if len(xs):
            found_16[0] = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1, 0.75, 1]
    return as_results(found_B16)


@pytest.mark.parametrize("fit", ["stretch", "pad", "tile"])
@pytest.mark.parametrize("size", [(64, 48), (40, 90), (300, 200)])
def test_an_object_is_where_it_was_drawn(fit, size):
    spec = InputSpec(height=48, width=64, fit=fit, mean=(0.0, 0.0, 0.0), overlap=0.5)
    image = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = size[0] // 4, size[1] // 4
    image[top : top + 20, left : left + 24] = 255
    ((*box, score, label),) = detect(image, spec, bright)
    assert (score, label) == (0.75, 1)
    scale = 1 if fit == "tile" else max(size[0] / 64, size[1] / 48)  # a canvas pixel, whose edges it takes
    np.testing.assert_allclose(box, [left, top, left + 24, top + 20], atol=0 if fit == "tile" else scale)


def test_the_network_sees_a_batch_of_windows_at_most():
    seen = []

    def run(images_BHW3):
        seen.append(images_BHW3.shape)
        return as_results(np.zeros((len(images_BHW3), 4, 6), np.float32))

    found = detect(np.zeros((90, 160, 3), np.uint8), InputSpec(48, 64, fit="tile"), run, batch_size=4)
    assert found.shape == (0, 6)
    assert seen == [(4, 48, 64, 3), (4, 48, 64, 3), (1, 48, 64, 3)]

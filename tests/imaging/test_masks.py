"""Masks go where their images go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visionft.imaging import cut_window, mask_to_canvas, to_canvas
from visionft.imaging.placement import canvas_from_original, draw_window, windows
from visionft.spec import InputSpec

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]])
sides = st.one_of(st.integers(1, 4), st.integers(1, 300))
specs = st.builds(
    InputSpec,
    height=st.integers(8, 96),
    width=st.integers(8, 96),
    fit=st.sampled_from(["stretch", "crop", "pad"]),
    crop_pct=st.floats(0.6, 1.0),
    interpolation=st.sampled_from(["bilinear", "bicubic"]),
)


def blocks(width, height, seed):
    """Return an image that shows its mask in colours, the mask, and the blocks as (left, top, right, bottom)."""
    across, down = min(3, width), min(4, height)
    mask = np.empty((height, width), np.uint8)
    boxes = [
        (width * i // across, height * j // down, width * (i + 1) // across, height * (j + 1) // down)
        for i in range(across)
        for j in range(down)
    ]
    for box, label in zip(boxes, np.random.default_rng(seed).integers(0, 5, len(boxes)), strict=True):
        mask[box[1] : box[3], box[0] : box[2]] = label
    return COLOURS[mask].astype(np.uint8), mask, boxes


def decoded(image):
    return np.abs(image[..., None, :].astype(int) - COLOURS).sum(-1).argmin(-1)


@settings(max_examples=150, deadline=None)
@given(sides, sides, specs, st.integers(0, 99))
def test_an_image_that_shows_its_mask_still_does_on_the_canvas(width, height, spec, seed):
    image, mask, boxes = blocks(width, height, seed)
    seen, classes = decoded(to_canvas(image, spec)), mask_to_canvas(mask, spec)
    matrix = canvas_from_original((width, height), spec)
    for left, top, right, bottom in boxes:
        wide, high = matrix[0, 0] * (right - left), matrix[1, 1] * (bottom - top)
        x, y, _ = np.floor(matrix @ [(left + right) / 2, (top + bottom) / 2, 1]).astype(int)
        if min(wide, high) >= 3 and 0 <= x < spec.width and 0 <= y < spec.height:
            assert seen[y, x] == classes[y, x] == mask[top, left]


@settings(max_examples=100, deadline=None)
@given(sides, sides, specs)
def test_each_pixel_takes_the_class_under_its_centre(width, height, spec):
    mask = np.random.default_rng(0).integers(0, 200, (height, width), dtype=np.uint8)
    canvas = mask_to_canvas(mask, spec)
    inverse = np.linalg.inv(canvas_from_original((width, height), spec))
    xs = inverse[0, 0] * (np.arange(spec.width) + 0.5) + inverse[0, 2]
    ys = inverse[1, 1] * (np.arange(spec.height) + 0.5) + inverse[1, 2]
    sure = (np.abs(ys - ys.round()) > 1e-6)[:, None] & (np.abs(xs - xs.round()) > 1e-6)
    inside = ((ys > 0) & (ys < height))[:, None] & ((xs > 0) & (xs < width))
    rows, columns = np.floor(ys).astype(int).clip(0, height - 1), np.floor(xs).astype(int).clip(0, width - 1)
    expected = np.where(inside, mask[np.ix_(rows, columns)], 255)
    assert (canvas == expected)[sure].all()
    assert canvas.flags.c_contiguous
    assert canvas.shape == (spec.height, spec.width)


def test_beyond_a_padded_image_nothing_is_learned():
    canvas = mask_to_canvas(np.full((10, 40), 3, np.uint8), InputSpec(height=40, width=40, fit="pad"))
    assert (canvas[15:25] == 3).all()
    assert (np.delete(canvas, range(15, 25), axis=0) == 255).all()


def test_windows_of_image_and_mask_are_the_same_pixels():
    image, mask, _ = blocks(70, 50, 1)
    spec = InputSpec(height=20, width=24, fit="tile")
    for x, y in [*windows((70, 50), spec), draw_window((70, 50), spec, 3)]:
        assert (cut_window(image, (x, y), spec) == image[y : y + 20, x : x + 24]).all()
        assert (cut_window(mask, (x, y), spec) == mask[y : y + 20, x : x + 24]).all()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 60), (60, 1), (23, 19), (24, 20), (60, 10)])
def test_a_window_reaches_beyond_a_small_image_on_the_right_and_below(width, height):
    image, mask, _ = blocks(width, height, 2)
    spec = InputSpec(height=20, width=24, fit="tile", mean=(0.5, 0.25, 0.0))
    for x, y in windows((width, height), spec):
        canvas, classes = cut_window(image, (x, y), spec), cut_window(mask, (x, y), spec)
        assert (canvas.shape, classes.shape) == ((20, 24, 3), (20, 24))
        shown = np.s_[: min(20, height), : min(24, width)]
        assert (canvas[shown] == image[y : y + 20, x : x + 24]).all()
        assert (classes[shown] == mask[y : y + 20, x : x + 24]).all()
        outside = np.ones((20, 24), bool)
        outside[shown] = False
        assert (canvas[outside] == [128, 64, 0]).all()
        assert (classes[outside] == 255).all()
        assert canvas.flags.c_contiguous

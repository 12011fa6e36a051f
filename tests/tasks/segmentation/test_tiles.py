"""Windows over an image: what they add up to, in whatever order they come."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visionft.imaging.placement import windows
from visionft.spec import InputSpec
from visionft.tasks.segmentation.segment import segment
from visionft.tasks.segmentation.tiles import blend_weights

sides = st.one_of(st.integers(1, 5), st.integers(1, 90))


def softmax(logits_BKHW):
    powers = np.exp(logits_BKHW - logits_BKHW.max(1, keepdims=True))
    return {"probabilities": (powers / powers.sum(1, keepdims=True)).astype(np.float32)}


def pointwise(images_BHW3):
    """Stand in for a network that looks at one pixel only."""
    return softmax(np.moveaxis(images_BHW3.astype(np.float32) / 20, 3, 1))


def contextual(images_BHW3):
    """Stand in for a network whose answer depends on the window: blurred, and surer on the right."""
    blurred = np.stack([cv2.blur(image, (9, 9)) for image in images_BHW3]).astype(np.float32)
    blurred[..., 1] += np.linspace(0, 40, images_BHW3.shape[2], dtype=np.float32)
    return softmax(np.moveaxis(blurred / 30, 3, 1))


def picture(width, height):
    coarse = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    noise = np.random.default_rng(1).integers(0, 30, (height, width, 3), dtype=np.uint8)
    return cv2.add(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), noise).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(4, 40), st.integers(4, 40), st.floats(0, 0.8), st.integers(0, 9))
def test_a_pointwise_network_sees_no_difference_between_windows_and_the_whole(
    width, height, down, across, overlap, seed
):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    tiled = segment(image, InputSpec(height=down, width=across, fit="tile", overlap=overlap), pointwise)
    whole = segment(image, InputSpec(height=height, width=width, fit="stretch"), pointwise)
    assert (tiled == whole).all()


@pytest.mark.parametrize("size", [(100, 80), (30, 200), (31, 25)])
def test_neither_order_nor_batches_of_windows_matter(monkeypatch, size):
    image, spec = picture(*size), InputSpec(height=24, width=32, fit="tile", overlap=0.4)
    expected = segment(image, spec, contextual)
    assert len(np.unique(expected)) == 3
    for batch_size in (1, 2, 100):
        assert (segment(image, spec, contextual, batch_size=batch_size) == expected).all()
    for seed in range(5):

        def shuffled(original, spec, seed=seed):
            return tuple(np.random.default_rng(seed).permutation(windows(original, spec)).tolist())

        monkeypatch.setattr("visionft.tasks.segmentation.tiles.windows", shuffled)
        assert (segment(image, spec, contextual) == expected).all()


@pytest.mark.parametrize("size", [(100, 80), (40, 24), (20, 60), (33, 25)])
def test_classes_are_those_of_the_weighted_mean(size):
    """Against sums over the whole image in float64."""
    (width, height), spec = size, InputSpec(height=24, width=32, fit="tile", overlap=0.3)
    image, corners = picture(*size), windows(size, spec)
    xs, ys = sorted({x for x, _ in corners}), sorted({y for _, y in corners})
    across = dict(zip(xs, blend_weights(xs, 32, width), strict=True))
    down = dict(zip(ys, blend_weights(ys, 24, height), strict=True))
    sums = np.zeros((3, height, width))
    padded = np.full((height + 24, width + 32, 3), np.rint(255 * np.array(spec.mean)), np.uint8)
    padded[:height, :width] = image
    for x, y in reversed(corners):
        probabilities = contextual(padded[y : y + 24, x : x + 32][None])["probabilities"][0].astype(np.float64)
        weights = np.outer(down[y], across[x])
        high, wide = weights.shape
        sums[:, y : y + high, x : x + wide] += weights * probabilities[:, :high, :wide]
    ordered = np.sort(sums / 1024, axis=0)
    sure = ordered[-1] - ordered[-2] > 1e-6
    found = segment(image, spec, contextual)
    assert sure.mean() > 0.99
    assert (found == sums.argmax(0))[sure].all()


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 120), st.floats(0, 0.95))
def test_weights_are_smooth_and_add_up_to_the_same_everywhere(side, window, overlap):
    corners = [x for x, _ in windows((side, 1), InputSpec(height=1, width=window, overlap=overlap))]
    weights = blend_weights(corners, window, side)
    total = np.zeros(side, int)
    exact = np.zeros((len(corners), side))
    for number, (corner, weight) in enumerate(zip(corners, weights, strict=True)):
        assert len(weight) == min(window, side)
        total[corner : corner + window] += weight.astype(int)
        inside = np.arange(corner, min(corner + window, side))
        exact[number, inside] = np.sin(np.pi * (inside - corner + 0.5) / window) ** 2
    assert (total == 32).all()
    exact *= 32 / exact.sum(0)
    for corner, weight, share in zip(corners, weights, exact, strict=True):
        assert np.abs(weight - share[corner : corner + window]).max() <= 1


def test_a_window_counts_in_its_middle():
    """Two windows that disagree: each wins where its middle is nearer."""
    spec = InputSpec(height=8, width=64, fit="tile", overlap=0.5)
    left = np.zeros((8, 96, 3), np.uint8)

    def run(images_BHW3):
        classes = np.arange(len(images_BHW3)) % 2  # the first window says 0, the second 1
        chances_B2 = np.eye(2, dtype=np.float32)[classes]
        return {"probabilities": np.broadcast_to(chances_B2[:, :, None, None], (len(classes), 2, 8, 64))}

    row = segment(left, spec, run)[0].tolist()
    assert row == [0] * 48 + [1] * 48


def test_probabilities_that_rounding_made_too_large_do_not_wrap_around():
    def run(images_BHW3):
        maps = [np.full(images_BHW3.shape[:3], value, np.float32) for value in (1e-7, 1.0000002)]
        return {"probabilities": np.stack(maps, axis=1)}

    image = np.zeros((30, 50, 3), np.uint8)
    assert (segment(image, InputSpec(height=16, width=16, fit="tile", overlap=0.9), run) == 1).all()

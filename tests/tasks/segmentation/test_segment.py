"""From the canvas back to the image, against OpenCV in float64 and pixel by pixel."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visionft.imaging.placement import canvas_from_original, place
from visionft.spec import InputSpec
from visionft.tasks.segmentation.segment import mask_in_original, segment

sides = st.one_of(st.integers(1, 3), st.integers(1, 150))


def random_probabilities(spec, classes=4, seed=0):
    """Return smooth probabilities of a canvas, (classes, height, width)."""
    coarse = np.random.default_rng(seed).normal(size=(classes, 5, 6))
    logits = np.stack([cv2.resize(plane, (spec.width, spec.height), interpolation=cv2.INTER_CUBIC) for plane in coarse])
    powers = np.exp(3 * logits)
    return (powers / powers.sum(0)).astype(np.float32)


def disagreement(mask, expected_KHW):
    """Return where a mask has another class than the reference, which must be sure by more than rounding."""
    ordered = np.sort(expected_KHW, axis=0)
    return (mask != expected_KHW.argmax(0)) & (ordered[-1] - ordered[-2] > 1e-5)


@settings(max_examples=80, deadline=None)
@given(sides, sides, st.integers(4, 60), st.integers(4, 60), st.sampled_from(["stretch", "pad"]))
def test_probabilities_are_cut_to_the_image_and_enlarged(width, height, down, across, fit):
    spec = InputSpec(height=down, width=across, fit=fit)
    probabilities = random_probabilities(spec)
    placement = place((width, height), spec)
    (x, y), (wide, high) = placement.offset, placement.resized
    shown = probabilities[:, y : y + high, x : x + wide].astype(np.float64)
    expected = np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in shown])
    mask = mask_in_original(probabilities, (width, height), spec)
    assert (mask.shape, mask.dtype) == ((height, width), np.uint8)
    assert not disagreement(mask, expected).any()


def test_what_a_crop_cut_off_has_no_prediction():
    spec = InputSpec(height=20, width=30, fit="crop", crop_pct=0.8)
    size = (97, 50)
    probabilities = random_probabilities(spec)
    mask = mask_in_original(probabilities, size, spec)
    matrix = canvas_from_original(size, spec)
    for row in range(size[1]):
        for column in range(size[0]):
            x, y, _ = matrix @ [column + 0.5, row + 0.5, 1]
            if not (0 <= x < 30 and 0 <= y < 20):
                assert mask[row, column] == 255
                continue
            x, y = np.clip(x - 0.5, 0, 29), np.clip(y - 0.5, 0, 19)
            left, top = min(int(x), 28), min(int(y), 18)
            corners = probabilities[:, top : top + 2, left : left + 2].astype(np.float64)
            expected = np.einsum("kyx,y,x", corners, [top + 1 - y, y - top], [left + 1 - x, x - left])
            assert not disagreement(mask[row, column], expected)
    assert {0, 255} < set(np.unique(mask))


@pytest.mark.parametrize("pixels", [1, 700, 5000])
def test_bands_leave_no_seams(monkeypatch, pixels):
    spec = InputSpec(height=24, width=36, fit="pad")
    probabilities = random_probabilities(spec)
    whole = mask_in_original(probabilities, (311, 170), spec)
    monkeypatch.setattr("visionft.tasks.segmentation.segment._BAND_PIXELS", pixels)
    assert (mask_in_original(probabilities, (311, 170), spec) == whole).all()


def test_a_canvas_of_the_images_size_is_taken_as_it_is():
    spec = InputSpec(height=24, width=36, fit="stretch")
    probabilities = random_probabilities(spec)
    assert (mask_in_original(probabilities, (36, 24), spec) == probabilities.argmax(0)).all()


def test_the_border_of_a_padded_canvas_does_not_leak_into_the_image():
    spec = InputSpec(height=32, width=32, fit="pad")
    probabilities = np.zeros((2, 32, 32), np.float32)
    probabilities[1] = 1  # the border is of class 1
    x, y = place((200, 90), spec).offset
    probabilities[:, y : 32 - y, x : 32 - x] = [[[1]], [[0]]]
    assert (mask_in_original(probabilities, (200, 90), spec) == 0).all()


@pytest.mark.parametrize("fit", ["stretch", "pad"])
@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (33, 47)])
def test_the_network_sees_one_canvas(fit, size):
    seen = []

    def run(images_BHW3):
        seen.append(images_BHW3.shape)
        return {"probabilities": np.moveaxis(images_BHW3.astype(np.float32) / 255, 3, 1)}

    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[..., 2] = 200
    mask = segment(image, InputSpec(height=16, width=24, fit=fit, mean=(1.0, 0.0, 0.0)), run)
    assert seen == [(1, 16, 24, 3)]
    assert (mask == 2).all()
    assert mask.shape == (size[1], size[0])


def test_the_first_of_equal_classes_wins():
    spec = InputSpec(height=8, width=8, fit="stretch")
    assert (mask_in_original(np.full((3, 8, 8), 1 / 3, np.float32), (50, 40), spec) == 0).all()

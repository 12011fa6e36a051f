"""Masks move with their images, and keep their values."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.data.samples import make_example, parts
from visionft.augment import POLICIES, Augmenter

STRENGTHS = [strength for strength in POLICIES if strength != "none"]
ORIENTATIONS = ["fixed", "upright", "any"]
SIZES = [(64, 64), (48, 96), (90, 50)]

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]], np.uint8)
VALUES = np.array([0, 1, 2, 7, 255], np.uint8)  # of the colours, in the mask


def coloured_blocks(size, seed=0):
    """Return a mask of flat blocks that no flip or turn maps onto itself, and an image that shows it in colours."""
    height, width = size
    coarse = np.random.default_rng(seed).integers(0, 5, (4, 4), dtype=np.uint8)
    kinds = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    return make_example(COLOURS[kinds], VALUES[kinds])


def moving(policy):
    """Return what of a policy moves pixels."""
    colours = dict.fromkeys(("brightness", "contrast", "saturation", "hue", "gamma", "grey", "degrade", "erase"), 0.0)
    return replace(policy, **colours, one_of=tuple(map(moving, policy.one_of)))


def shown(image):
    """Return the mask values that an image shows."""
    return VALUES[np.abs(image[..., None, :].astype(int) - COLOURS).sum(-1).argmin(-1)]


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("size", SIZES)
def test_image_and_mask_stay_aligned(monkeypatch, strength, orientation, size):
    """Without changes of colour, they may disagree only within a pixel of a boundary, where the image is mixed."""
    monkeypatch.setitem(POLICIES, strength, moving(POLICIES[strength]))
    augmenter = Augmenter(strength, orientation)
    for seed in range(20):
        image, mask, _, _ = parts(augmenter(coloured_blocks(size, seed), seed))
        around = np.ones((3, 3), np.uint8)
        boundary = cv2.dilate(mask, around) != cv2.erode(mask, around)
        assert not boundary.all()
        assert ((shown(image) == mask) | boundary).all()


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("size", SIZES)
def test_a_mask_changes_nothing_about_the_image_and_gets_no_new_values(strength, orientation, size):
    augmenter = Augmenter(strength, orientation)
    example = coloured_blocks(size)
    before = example.target.mask_HW.copy()
    for seed in range(15):
        alone, both = augmenter(make_example(example.image_HW3), seed), augmenter(example, seed)
        assert (alone.image_HW3 == both.image_HW3).all()
        assert set(np.unique(both.target.mask_HW)) <= set(VALUES.tolist())
        assert (both.target.mask_HW.shape, both.target.mask_HW.dtype, both.target.mask_HW.flags.c_contiguous) == (
            size,
            np.uint8,
            True,
        )
        assert (augmenter(example, seed).target.mask_HW == both.target.mask_HW).all()
    assert (example.target.mask_HW == before).all()


def test_erasing_leaves_masks_alone(monkeypatch):
    monkeypatch.setitem(
        POLICIES, "strong", replace(POLICIES["medium"], zoom=0.0, shift=0.0, rotate=0.0, shear=0.0, erase=1.0)
    )
    example = coloured_blocks((64, 64))
    augmenter = Augmenter("strong", "fixed")
    for seed in range(10):
        image, mask, _, _ = parts(augmenter(example, seed))
        assert (image == 127).all(axis=-1).any()
        assert (mask == example.target.mask_HW).all()


def test_none_returns_the_example():
    example = coloured_blocks((32, 48))
    assert Augmenter("none", "any")(example, 3) is example

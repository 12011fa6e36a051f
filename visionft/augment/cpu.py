"""The policy on the CPU, by albumentations 2.0.8: the only module that knows that library."""

import os
import random
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.augment.policy import POLICIES, Orientation, Policy, Strength
from visionft.sample import Example


class CpuAugmenter:
    """Changes one example at random, as a pure function of example and seed; pickles.

    Args:
        strength: how much may change; ``none`` leaves every canvas as it is, flips included.
        orientation: which flips and turns leave the class what it is.
    """

    def __init__(self, strength: Strength, orientation: Orientation) -> None:
        self.strength = strength
        self.orientation = orientation
        self._pipelines: dict[bool, Any] = {}
        if strength != "none":
            _albumentations()  # seconds of importing, which forked workers then inherit instead of repeating

    def __call__(self, example: Example, seed: int) -> Example:
        """Return a changed copy; at strength ``none`` the example itself.

        A mask moves with its image, its border mirrored alike, and takes the nearest class. Erasing leaves it
        alone: what is hidden is to be inferred from what surrounds it.

        Args:
            example: a canvas, and a mask of its size where there is one; the mask does not change what
                happens to the image.
            seed: decides everything; the same seed gives the same example in any process.

        Returns:
            Image and mask of the same sizes, uint8, contiguous.
        """
        policy = POLICIES[self.strength]
        if policy is None:
            return example
        square = example.image_HW3.shape[0] == example.image_HW3.shape[1]
        pipeline = self._pipelines.get(square)
        if pipeline is None:
            pipeline = self._pipelines[square] = _pipeline(policy, self.orientation, square=square)
        pipeline.set_random_state(np.random.default_rng(seed), random.Random(seed))  # noqa: S311  # no secret
        given = {"image": example.image_HW3}
        if example.mask_HW is not None:
            given["mask"] = example.mask_HW
        changed: dict[str, NDArray[np.uint8]] = pipeline(**given)
        return Example(*(np.ascontiguousarray(changed[name]) for name in given))

    def __getstate__(self) -> tuple[Strength, Orientation]:
        return self.strength, self.orientation

    def __setstate__(self, state: tuple[Strength, Orientation]) -> None:
        self.__init__(*state)  # type: ignore[misc]  # pipelines are built anew in each process


def _albumentations() -> Any:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # importing it would ask the network for its version
    import albumentations

    return albumentations


def _pipeline(policy: Policy, orientation: Orientation, *, square: bool) -> Any:
    library = _albumentations()
    return library.Compose(
        [
            *_flips(library, orientation, square=square),
            _warp(library, policy),
            _colour(library, policy),
            *_damage(library, policy),
        ]
    )


def _flips(library: Any, orientation: Orientation, *, square: bool) -> list[Any]:
    if orientation == "fixed":
        return []
    if orientation == "upright":
        return [library.HorizontalFlip(p=0.5)]
    if square:
        return [library.D4(p=1.0)]  # the eight symmetries of the square, all as likely
    # A quarter turn would change the size.
    return [library.HorizontalFlip(p=0.5), library.VerticalFlip(p=0.5)]


def _warp(library: Any, policy: Policy) -> Any:
    return library.Affine(
        scale=(1 - policy.zoom / 2, 1 + policy.zoom),
        keep_ratio=True,
        translate_percent=(-policy.shift, policy.shift),
        rotate=(-policy.rotate, policy.rotate),
        shear=(-policy.shear, policy.shear),
        mask_interpolation=cv2.INTER_NEAREST,
        border_mode=cv2.BORDER_REFLECT_101,  # of image and mask
        p=1.0,
    )


def _colour(library: Any, policy: Policy) -> Any:
    return library.ColorJitter(
        brightness=(1 - policy.brightness, 1 + policy.brightness),
        contrast=(1 - policy.contrast, 1 + policy.contrast),
        saturation=(1 - policy.saturation, 1 + policy.saturation),
        hue=(-policy.hue, policy.hue),
        p=0.8,
    )


def _damage(library: Any, policy: Policy) -> list[Any]:
    if policy.degrade == 0 and policy.erase == 0:
        return []
    spoil = library.OneOf(
        [
            library.GaussianBlur(sigma_limit=(0.3, 1.2), p=1.0),
            library.GaussNoise(std_range=(0.02, 0.06), per_channel=False, p=1.0),
            library.ImageCompression(quality_range=(50, 90), p=1.0),
        ],
        p=policy.degrade,
    )
    erase = library.CoarseDropout(
        num_holes_range=(1, 3),
        hole_height_range=(0.08, 0.2),
        hole_width_range=(0.08, 0.2),
        fill=127,
        fill_mask=None,
        p=policy.erase,
    )
    return [spoil, erase]

"""The policy on the CPU, by albumentations 2.0.8: the only module that knows that library."""

import os
import random
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.augment.policy import OBJECT_POLICIES, POLICIES, Orientation, Policy, Strength
from visionft.augment.warp import RGB, draw_warp, warp
from visionft.geometry import LEAST_VISIBLE, move_objects
from visionft.sample import CROWD, IGNORE, Example


class CpuAugmenter:
    """Changes one example at random, as a pure function of example and seed; pickles.

    Args:
        strength: how much may change; ``none`` leaves every canvas as it is, flips included.
        orientation: which flips and turns leave the class what it is.
        border: for objects, which then follow ``OBJECT_POLICIES``: the colour beyond the edge of the image. Mirrored
            there, as None has it, objects would appear twice, once without a box.
    """

    def __init__(self, strength: Strength, orientation: Orientation, border: RGB | None = None) -> None:
        self.strength = strength
        self.orientation = orientation
        self.border = border
        self._pipelines: dict[bool, Any] = {}
        if strength != "none":
            _albumentations()  # seconds of importing, which forked workers then inherit instead of repeating

    def __call__(self, example: Example, seed: int) -> Example:
        """Return a changed copy; at strength ``none`` the example itself.

        A mask moves with its image, its border mirrored alike, and takes the nearest class. Erasing leaves it
        alone: what is hidden is to be inferred from what surrounds it. Objects move by ``geometry.move_objects``; those
        of which less than ``LEAST_VISIBLE`` remains become crowds, whether cut off or erased. What is erased is
        measured in an object's box, though it may have an outline, which erasing leaves alone as well.

        Args:
            example: a canvas, and a mask of its size or objects where there are; they do not change what happens to
                the image.
            seed: decides everything; the same seed gives the same example in any process.

        Returns:
            Image and mask of the same sizes, uint8, contiguous.

        Raises:
            ValueError: the example has boxes, and no border was named.
        """
        policy = (POLICIES if self.border is None else OBJECT_POLICIES)[self.strength]
        if policy is None:
            return example
        if self.border is not None:
            return self._with_objects(example, policy, self.border, seed)
        if example.boxes_N5 is not None:
            raise ValueError("an image with boxes needs the colour of its border")
        square = example.image_HW3.shape[0] == example.image_HW3.shape[1]
        pipeline = self._pipelines.get(square)
        if pipeline is None:
            pipeline = self._pipelines[square] = _pipeline(policy, self.orientation, square=square)
        pipeline.set_random_state(np.random.default_rng(seed), random.Random(seed))  # noqa: S311  # no secret
        if example.mask_HW is None:
            return Example(np.ascontiguousarray(pipeline(image=example.image_HW3)["image"]))
        changed = pipeline(image=example.image_HW3, mask=example.mask_HW)
        return Example(np.ascontiguousarray(changed["image"]), np.ascontiguousarray(changed["mask"]))

    def _with_objects(self, example: Example, policy: Policy, border: RGB, seed: int) -> Example:
        height, width = example.image_HW3.shape[:2]
        pipeline = self._pipelines.get(True)
        if pipeline is None:
            steps = [_colour(_albumentations(), policy), *_damage(_albumentations(), policy)]
            pipeline = self._pipelines[True] = _albumentations().Compose(steps, save_applied_params=True)
        matrix = draw_warp(policy, self.orientation, (width, height), seed)
        pipeline.set_random_state(np.random.default_rng(seed), random.Random(seed))  # noqa: S311  # no secret
        changed = pipeline(image=warp(example.image_HW3, matrix, border))
        _, mask_HW, boxes_N5, outlines = example
        if mask_HW is not None:
            mask_HW = warp(mask_HW, matrix, (IGNORE, IGNORE, IGNORE), nearest=True)
        if boxes_N5 is not None:
            boxes_N5, outlines = move_objects(boxes_N5, outlines, matrix, (width, height))
            for name, drawn in changed["applied_transforms"]:
                if name == "CoarseDropout":
                    boxes_N5 = _hide(boxes_N5, drawn["holes"], (width, height))
        return Example(np.ascontiguousarray(changed["image"]), mask_HW, boxes_N5, outlines)

    def __getstate__(self) -> tuple[Strength, Orientation, RGB | None]:
        return self.strength, self.orientation, self.border

    def __setstate__(self, state: tuple[Strength, Orientation, RGB | None]) -> None:
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


def _hide(boxes_N5: NDArray[np.float32], holes_M4: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the boxes, those that erased rectangles leave too little of as crowds."""
    erased_HW = np.zeros((size[1], size[0]), np.uint8)
    for left, top, right, bottom in holes_M4:
        erased_HW[top:bottom, left:right] = 1
    count_HW = cv2.integral(erased_HW)
    left, top = np.floor(boxes_N5[:, :2]).astype(int).T
    right, bottom = np.ceil(boxes_N5[:, 2:4]).astype(int).T
    hidden_N = count_HW[bottom, right] - count_HW[top, right] - count_HW[bottom, left] + count_HW[top, left]
    boxes_N5[hidden_N > (1 - LEAST_VISIBLE) * (right - left) * (bottom - top), 4] = CROWD
    return boxes_N5

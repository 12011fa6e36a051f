"""The engine for worker processes: one canvas at a time, with OpenCV, and albumentations 2.0.8 for damage.

The only module that knows albumentations.
"""

import os
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.augment.arithmetic import ERASED, blur_kernel, colour_matrix, gamma_table, noise_of
from visionft.augment.draw import Change, draw
from visionft.augment.objects import change_objects
from visionft.augment.policy import OBJECT_POLICIES, OUTLINE_POLICIES, POLICIES, Orientation, Policy, Strength
from visionft.augment.warp import RGB, warp
from visionft.sample import IGNORE, Example


class CpuAugmenter:
    """Changes one example at random, as a pure function of example and seed; pickles.

    Args:
        strength: how much may change; ``none`` leaves every canvas as it is, flips included.
        orientation: which flips and turns leave the class what it is.
        border: for objects, which then follow ``OBJECT_POLICIES``: the colour beyond the edge of the image. Mirrored
            there, as None has it, objects would appear twice, once without a box.
        outlines: whether all objects have outlines and follow ``OUTLINE_POLICIES``.
    """

    def __init__(
        self, strength: Strength, orientation: Orientation, border: RGB | None = None, *, outlines: bool = False
    ) -> None:
        self.strength = strength
        self.orientation = orientation
        self.border = border
        self.outlines = outlines
        if self.policy is not None and self.policy.degrade > 0:
            _albumentations()  # seconds of importing, which forked workers then inherit instead of repeating

    @property
    def policy(self) -> Policy | None:
        """What may happen; None for nothing."""
        if self.border is None:
            return POLICIES[self.strength]
        return (OUTLINE_POLICIES if self.outlines else OBJECT_POLICIES)[self.strength]

    def __call__(self, example: Example, seed: int) -> Example:
        """Return a changed copy; at strength ``none`` the example itself.

        Args:
            example: see ``apply``; a mask or objects do not change what happens to the image.
            seed: decides everything; the same seed gives the same example in any process.

        Returns:
            See ``apply``.

        Raises:
            ValueError: the example has boxes, and no border was named.
        """
        policy = self.policy
        if policy is None:
            return example
        height, width = example.image_HW3.shape[:2]
        return self.apply(example, draw(policy, self.orientation, (width, height), seed))

    def apply(self, example: Example, change: Change) -> Example:
        """Do what was drawn.

        A mask moves with its image, its border mirrored alike or without a class, and takes the nearest class. Erasing
        leaves it alone: what is hidden is to be inferred from what surrounds it. For objects see ``change_objects``.

        Args:
            example: a canvas, and a mask of its size or objects where there are.
            change: drawn for the canvas's size.

        Returns:
            Image and mask of the same sizes, uint8, contiguous.

        Raises:
            ValueError: the example has boxes, and no border was named.
        """
        image_HW3, mask_HW, boxes_N5, outlines = example
        height, width = image_HW3.shape[:2]
        if mask_HW is not None:
            mask_HW = warp(mask_HW, change, self.border and (IGNORE, IGNORE, IGNORE), nearest=True)
        if boxes_N5 is not None:
            if self.border is None:
                raise ValueError("an image with boxes needs the colour of its border")
            boxes_N5, outlines = change_objects(boxes_N5, outlines, change, (width, height))
        mean_3 = cv2.mean(image_HW3)[:3]
        changed_HW3 = _recolour(warp(image_HW3, change, self.border), change, mean_3)
        return Example(np.ascontiguousarray(_damage(changed_HW3, change)), mask_HW, boxes_N5, outlines)


def _recolour(image_HW3: NDArray[np.uint8], change: Change, mean_3: tuple[float, ...]) -> NDArray[np.uint8]:
    matrix_34 = colour_matrix(change, mean_3)
    if (matrix_34 != np.eye(3, 4)).any():
        image_HW3 = cv2.transform(image_HW3, matrix_34.astype(np.float32)).astype(np.uint8, copy=False)
    if change.gamma != 1:
        image_HW3 = cv2.LUT(image_HW3, gamma_table(change.gamma)).astype(np.uint8, copy=False)
    return image_HW3


def _damage(image_HW3: NDArray[np.uint8], change: Change) -> NDArray[np.uint8]:
    if not (change.blur or change.noise or change.jpeg or change.holes):
        return image_HW3
    pixel, dropout = _albumentations()
    if change.blur:
        image_HW3 = pixel.separable_convolve(image_HW3, kernel=blur_kernel(change.blur))
    if change.noise:
        noise = noise_of(change, (image_HW3.shape[1], image_HW3.shape[0]))
        image_HW3 = pixel.add_noise(image_HW3, np.repeat(noise[..., None], 3, axis=2))
    if change.jpeg:  # which it takes for an image in BGR
        image_HW3 = pixel.image_compression(image_HW3[..., ::-1], change.jpeg, ".jpg")[..., ::-1]
    if change.holes:
        image_HW3 = dropout.cutout(image_HW3, np.array(change.holes), ERASED, np.random.default_rng(0))  # draws nothing
    return image_HW3


def _albumentations() -> tuple[Any, Any]:
    """Return its functions on pixels, and those on holes."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # importing it would ask the network for its version
    from albumentations.augmentations.dropout import functional as dropout
    from albumentations.augmentations.pixel import functional as pixel

    return pixel, dropout

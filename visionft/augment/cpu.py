"""The engine for worker processes: one canvas at a time, with OpenCV, and albumentations 2.0.8 for damage.

The only module that knows albumentations.
"""

import os
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.marks import IGNORE
from visionft.augment.arithmetic import ERASED, blur_kernel, colour_matrix, gamma_table, noise_of
from visionft.augment.targets import augment_target
from visionft.augment.warp import RGB, warp
from visionft.augment_params import AugmentParams
from visionft.data.records import Example


def apply(example: Example, params: AugmentParams, fill: RGB | None = None) -> Example:
    """Apply the parameters to a canvas and its target.

    A mask moves with its image, its border mirrored alike or without a class, and takes the nearest class. Erasing
    leaves it alone: what is hidden is to be inferred from what surrounds it. For the rest of
    a target see ``augment_target``.

    Args:
        example: a canvas, and its target.
        params: drawn for the canvas's size.
        fill: the colour beyond the edges of the image, where masks have ``IGNORE``; None mirrors both there.

    Returns:
        Image and target of the same sizes, uint8, contiguous; and what is still to happen to them in a batch.
    """
    image_HW3, target, _ = augment_target(example, params)
    if target.pixels is not None:
        target = target.with_pixels(warp(target.pixels, params, fill and (IGNORE, IGNORE, IGNORE), nearest=True))
    mean_3 = cv2.mean(image_HW3)[:3]
    changed_HW3 = _recolour(warp(image_HW3, params, fill), params, mean_3)
    image_HW3 = np.ascontiguousarray(_damage(changed_HW3, params))
    return Example(image_HW3, target, params.mixing)


def prepare() -> None:
    """Load what damage takes: seconds of importing, which forked workers then inherit instead of repeating."""
    _albumentations()


def _recolour(image_HW3: NDArray[np.uint8], params: AugmentParams, mean_3: tuple[float, ...]) -> NDArray[np.uint8]:
    matrix_34 = colour_matrix(params, mean_3)
    if (matrix_34 != np.eye(3, 4)).any():
        image_HW3 = cv2.transform(image_HW3, matrix_34.astype(np.float32)).astype(np.uint8, copy=False)
    if params.gamma != 1:
        image_HW3 = cv2.LUT(image_HW3, gamma_table(params.gamma)).astype(np.uint8, copy=False)
    return image_HW3


def _damage(image_HW3: NDArray[np.uint8], params: AugmentParams) -> NDArray[np.uint8]:
    if not (params.blur or params.noise or params.jpeg or params.erase_boxes):
        return image_HW3
    pixel, dropout = _albumentations()
    if params.blur:
        image_HW3 = pixel.separable_convolve(image_HW3, kernel=blur_kernel(params.blur))
    if params.noise:
        noise = noise_of(params, (image_HW3.shape[1], image_HW3.shape[0]))
        image_HW3 = pixel.add_noise(image_HW3, np.repeat(noise[..., None], 3, axis=2))
    if params.jpeg:  # which it takes for an image in BGR
        image_HW3 = pixel.image_compression(image_HW3[..., ::-1], params.jpeg, ".jpg")[..., ::-1]
    if params.erase_boxes:
        unused = np.random.default_rng(0)
        image_HW3 = dropout.cutout(image_HW3, np.array(params.erase_boxes), ERASED, unused)
    return image_HW3


def _albumentations() -> tuple[Any, Any]:
    """Return albumentations' functions on pixels, and those on holes."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # importing it would ask the network for its version
    from albumentations.augmentations.dropout import functional as dropout
    from albumentations.augmentations.pixel import functional as pixel

    return pixel, dropout

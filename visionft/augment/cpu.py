"""The engine for worker processes: one canvas at a time, with OpenCV."""

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


def _recolour(image_HW3: NDArray[np.uint8], params: AugmentParams, mean_3: tuple[float, ...]) -> NDArray[np.uint8]:
    matrix_34 = colour_matrix(params, mean_3)
    if (matrix_34 != np.eye(3, 4)).any():
        image_HW3 = cv2.transform(image_HW3, matrix_34.astype(np.float32)).astype(np.uint8, copy=False)
    if params.gamma != 1:
        image_HW3 = cv2.LUT(image_HW3, gamma_table(params.gamma)).astype(np.uint8, copy=False)
    return image_HW3


def _damage(image_HW3: NDArray[np.uint8], params: AugmentParams) -> NDArray[np.uint8]:
    if params.blur:
        kernel = blur_kernel(params.blur)
        image_HW3 = cv2.sepFilter2D(image_HW3, -1, kernel, kernel).astype(np.uint8, copy=False)
    if params.noise:
        noise_HW = noise_of(params, (image_HW3.shape[1], image_HW3.shape[0]))
        image_HW3 = (image_HW3 + noise_HW[..., None]).clip(0, 255).astype(np.uint8)
    if params.jpeg:  # OpenCV takes images for BGR
        _, file = cv2.imencode(".jpg", image_HW3[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, params.jpeg))
        image_HW3 = np.asarray(cv2.imdecode(file, cv2.IMREAD_UNCHANGED), np.uint8)[..., ::-1]
    if params.erase_boxes:
        image_HW3 = image_HW3.copy()
        for left, top, right, bottom in params.erase_boxes:
            image_HW3[top:bottom, left:right] = ERASED
    return image_HW3

"""The position of every pixel of a changed image, on the CPU: see ``arithmetic.py`` for what is computed."""

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.augment.arithmetic import averaged
from visionft.augment_params import AugmentParams

RGB = tuple[int, int, int]

# OpenCV counts pixels from their centres.
_FROM_CENTRES = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
_TO_CENTRES = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])
_TO_FINER_CENTRES = _TO_CENTRES @ np.diag([2.0, 2.0, 1.0])


def warp(
    image_HW3: NDArray[np.uint8], params: AugmentParams, fill: RGB | None = None, *, nearest: bool = False
) -> NDArray[np.uint8]:
    """Move the pixels of an image.

    Args:
        image_HW3: uint8 RGB, or a mask of (height, width).
        params: says where they go.
        fill: what is beyond the edge of the image; of a mask, the first number. None mirrors the image there.
        nearest: take the nearest value and mix none.

    Returns:
        The same size and type, contiguous; the image itself when nothing moves.
    """
    if params.is_identity:
        return image_HW3
    size = (image_HW3.shape[1], image_HW3.shape[0])
    finer = not nearest and averaged(params)
    matrix = (_TO_FINER_CENTRES if finer else _TO_CENTRES) @ params.matrix @ _FROM_CENTRES
    move, matrix = (cv2.warpAffine, matrix[:2]) if params.affine else (cv2.warpPerspective, matrix)
    moved = move(
        image_HW3,
        matrix,
        (2 * size[0], 2 * size[1]) if finer else size,
        flags=cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT if fill is None else cv2.BORDER_CONSTANT,
        borderValue=fill or (),
    )
    if finer:
        moved = cv2.resize(moved, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(moved.astype(np.uint8, copy=False))

"""What a change does to the objects of a canvas: the same for every engine.

Shape suffixes: N objects, H height, W width, M holes; 4 left, top, right, bottom; 5 these and the class.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from visionft.annotations.moving import LEAST_VISIBLE, move_objects
from visionft.augment_params import Change
from visionft.sample import CROWD, Example


def change_objects(example: Example, change: Change) -> Example:
    """Move the objects of a canvas, and leave its pixels to whoever changes them.

    They move by ``moving.move_objects``; those of which less than ``LEAST_VISIBLE`` remains become crowds, whether
    cut off or erased. What is erased is measured in an object's box, though it may have an outline, which erasing
    leaves alone.

    Args:
        example: a canvas, with objects or without.
        change: says what happens.

    Returns:
        The canvas with boxes and outlines inside it, without the objects of which nothing is seen.
    """
    if example.boxes_N5 is None:
        return example
    height, width = example.image_HW3.shape[:2]
    boxes_N5, outlines = move_objects(example.boxes_N5, example.outlines, change.matrix, (width, height))
    if change.holes:
        boxes_N5 = _hide(boxes_N5, change, (width, height))
    return example._replace(boxes_N5=boxes_N5, outlines=outlines)


def _hide(boxes_N5: NDArray[np.float32], change: Change, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the boxes, those that holes leave too little of as crowds."""
    erased_HW = np.zeros((size[1], size[0]), np.uint8)
    for left, top, right, bottom in change.holes:
        erased_HW[top:bottom, left:right] = 1
    count_HW = cv2.integral(erased_HW)
    left_N, top_N = np.floor(boxes_N5[:, :2]).astype(int).T
    right_N, bottom_N = np.ceil(boxes_N5[:, 2:4]).astype(int).T
    hidden_N = (
        count_HW[bottom_N, right_N] - count_HW[top_N, right_N] - count_HW[bottom_N, left_N] + count_HW[top_N, left_N]
    )
    boxes_N5[hidden_N > (1 - LEAST_VISIBLE) * (right_N - left_N) * (bottom_N - top_N), 4] = CROWD
    return boxes_N5

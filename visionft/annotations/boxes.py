"""Areas of boxes, their intersection over union, and detections clipped to a frame.

Shape suffixes: N, M boxes, 4 left, top, right, bottom, 6 these, score and class index.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def areas(boxes_N4: NDArray[Any]) -> NDArray[Any]:
    """Return the area of each box; none for a box whose right or bottom lies before its left or top."""
    return np.asarray(np.maximum(boxes_N4[..., 2:] - boxes_N4[..., :2], 0).prod(axis=-1))


def iou(boxes_N4: NDArray[Any], others_N4: NDArray[Any], crowd_N: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Return the intersection over union of each box with the other one in its row, 0 where both are empty.

    Args:
        boxes_N4: of any leading shape that broadcasts against the others'.
        others_N4: in the same frame.
        crowd_N: which others stand for many objects: with these, it is the fraction of the box that lies inside.
    """
    lowest, highest = np.maximum(boxes_N4, others_N4), np.minimum(boxes_N4, others_N4)
    shared_N = areas(np.concatenate([lowest[..., :2], highest[..., 2:]], axis=-1))
    union_N = areas(boxes_N4) + areas(others_N4) - shared_N
    if crowd_N is not None:
        union_N = np.where(crowd_N, areas(boxes_N4), union_N)
    return np.asarray(np.divide(shared_N, union_N, out=np.zeros_like(shared_N), where=union_N > 0))


def pairwise_iou(
    boxes_N4: NDArray[Any], others_M4: NDArray[Any], crowd_M: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Return ``iou`` of every box with every other one, iou_NM."""
    return iou(boxes_N4.astype(np.float64)[:, None], others_M4.astype(np.float64)[None], crowd_M)


def clipped(detections_N6: NDArray[np.float32], limits_4: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut detections to a frame, in a new array; those that end up empty, and rows with score 0, are left out."""
    clipped_N6, used_N = cut(detections_N6, limits_4)
    return clipped_N6[used_N]


def cut(
    detections_N6: NDArray[np.float32], limits_4: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Cut detections to a frame, in a new array, and say which of them are not left out by ``clipped``."""
    clipped_N6 = detections_N6.copy()
    clipped_N6[:, :4] = np.clip(clipped_N6[:, :4], np.tile(limits_4[:2], 2), np.tile(limits_4[2:], 2))
    used_N = (clipped_N6[:, 4] > 0) & (clipped_N6[:, 2:4] > clipped_N6[:, :2]).all(axis=1)  # NaN is neither
    return clipped_N6, used_N

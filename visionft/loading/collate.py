"""Targets of several canvases, put together for a batch.

Shape suffixes: B batch, H height, W width, N objects, S cells of a side; 5 left, top, right, bottom, class.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visionft.annotations.object_mask import MASK_SIDE
from visionft.annotations.rasterization import fill_in_box
from visionft.augment_params import Change
from visionft.batch import InstanceTargets
from visionft.sample import IGNORE, PADDING, Example, Rings

_NOTHING = Change()


def targets_of(examples: Sequence[Example]) -> Tensor | InstanceTargets | None:
    """Return the targets of canvases, as in ``Batch``; None where they have but a class each."""
    masks = [example.mask_HW for example in examples if example.mask_HW is not None]
    if masks:
        return torch.from_numpy(np.stack(masks))
    boxes = [example.boxes_N5 for example in examples if example.boxes_N5 is not None]
    if not boxes:
        return None
    boxes_BN5 = _padded(boxes)
    outlines = [example.outlines for example in examples if example.outlines is not None]
    if not outlines:
        return torch.from_numpy(boxes_BN5)
    return InstanceTargets(torch.from_numpy(boxes_BN5), torch.from_numpy(_painted(boxes_BN5, outlines)))


def changes_of(examples: Sequence[Example]) -> tuple[Change, ...]:
    """Return what is still to happen to each canvas; empty where nothing is."""
    changes = tuple(example.change for example in examples)
    return () if all(change == _NOTHING for change in changes) else changes


def _padded(boxes: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return boxes_BN5 of as many rows as the fullest image has, at least one."""
    boxes_BN5 = np.zeros((len(boxes), max(1, *map(len, boxes)), 5), np.float32)
    boxes_BN5[..., 4] = PADDING
    for rows_N5, boxes_N5 in zip(boxes_BN5, boxes, strict=True):
        rows_N5[: len(boxes_N5)] = boxes_N5
    return boxes_BN5


def _painted(boxes_BN5: NDArray[np.float32], outlines: Sequence[tuple[Rings, ...]]) -> NDArray[np.uint8]:
    """Return masks_BNSS of the same rows, ``IGNORE`` throughout for objects whose outline nobody knows.

    So are those whose outline runs between the centres of the cells: that there is nothing is not to be learned.
    """
    masks_BNSS = np.zeros((*boxes_BN5.shape[:2], MASK_SIDE, MASK_SIDE), np.uint8)
    masks_BNSS[boxes_BN5[..., 4] != PADDING] = IGNORE
    for boxes_N5, masks_NSS, several in zip(boxes_BN5, masks_BNSS, outlines, strict=True):
        for row, rings in enumerate(several):
            if rings and (cells_SS := fill_in_box(rings, boxes_N5[row, :4], MASK_SIDE)).any():
                masks_NSS[row] = cells_SS
    return masks_BNSS

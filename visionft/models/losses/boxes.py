"""Overlap of boxes, and what is lost by a box that is off.

Boxes are xyxy in pixels, half-open. Shape suffixes: B batch, N and M boxes, R bins of a distance.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_TINY = 1e-7


def iou(boxes_N4: Tensor, others_N4: Tensor) -> Tensor:
    """Return the intersection over union of each box with the other one in its row, 0 where both are empty.

    Args:
        boxes_N4: of any leading shape that broadcasts against the others'.
        others_N4: in the same frame.
    """
    sides_N2 = _shared_sides(boxes_N4, others_N4)
    shared_N = sides_N2[..., 0] * sides_N2[..., 1]
    return shared_N / _union(boxes_N4, others_N4, shared_N).clamp(min=_TINY)


def pairwise_iou(boxes_BN4: Tensor, others_BM4: Tensor) -> Tensor:
    """Return ``iou`` of every box of an image with every other one, iou_BNM."""
    return iou(boxes_BN4[..., :, None, :], others_BM4[..., None, :, :])


def giou_loss(boxes_N4: Tensor, targets_N4: Tensor) -> Tensor:
    """Return 1 - generalised IoU of each pair, in 0..2.

    Args:
        boxes_N4: predicted.
        targets_N4: true, each of a positive area.

    Source:
        Rezatofighi et al. 2019, Generalized Intersection over Union, algorithm 1 (arXiv:1902.09630).
    """
    shared_N = _shared_sides(boxes_N4, targets_N4).prod(dim=1)
    union_N = _union(boxes_N4, targets_N4, shared_N)
    outer_N2 = torch.maximum(boxes_N4[:, 2:], targets_N4[:, 2:]) - torch.minimum(boxes_N4[:, :2], targets_N4[:, :2])
    outer_N = outer_N2.prod(dim=1).clamp(min=_TINY)
    return 1 - shared_N / union_N.clamp(min=_TINY) + (outer_N - union_N) / outer_N


def distance_loss(logits_N4R: Tensor, distances_N4: Tensor) -> Tensor:
    """Return how far the distribution of each distance is from the two bins around the true one, a mean of four.

    Args:
        logits_N4R: of the bins 0, 1, ..., R - 1.
        distances_N4: true distances in bins; those outside count as the first or last bin.

    Source:
        Li et al. 2020, Generalized Focal Loss, section 3.2, equation 6 (arXiv:2006.04388).
    """
    bins = logits_N4R.shape[-1]
    at_N4 = distances_N4.clamp(0, bins - 1 - 1e-3)
    low_N4 = at_N4.long()
    fraction_N4 = at_N4 - low_N4
    logs_N4R = F.log_softmax(logits_N4R, dim=-1)
    low_log_N4 = logs_N4R.gather(-1, low_N4[..., None])[..., 0]
    high_log_N4 = logs_N4R.gather(-1, low_N4[..., None] + 1)[..., 0]
    return -(low_log_N4 * (1 - fraction_N4) + high_log_N4 * fraction_N4).mean(dim=-1)


def _shared_sides(boxes: Tensor, others: Tensor) -> Tensor:
    """Return width and height of what each box and the other one have in common."""
    return (torch.minimum(boxes[..., 2:], others[..., 2:]) - torch.maximum(boxes[..., :2], others[..., :2])).clamp(
        min=0
    )


def _union(boxes: Tensor, others: Tensor, shared: Tensor) -> Tensor:
    return _area(boxes) + _area(others) - shared


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])

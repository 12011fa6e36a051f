"""Overlap of boxes, and what is lost by a box that is off.

Boxes are xyxy in pixels, half-open. Shape suffixes: B batch, N and M boxes, R bins of a distance.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_TINY = 1e-7


def pairwise_iou(boxes_BN4: Tensor, others_BM4: Tensor) -> Tensor:
    """Return iou_BNM, intersection over union of every pair; 0 where both boxes are empty."""
    first, second = boxes_BN4[:, :, None], others_BM4[:, None]
    sides_BNM2 = (
        torch.minimum(first[..., 2:], second[..., 2:]) - torch.maximum(first[..., :2], second[..., :2])
    ).clamp(min=0)
    shared_BNM = sides_BNM2[..., 0] * sides_BNM2[..., 1]
    union_BNM = _area(first) + _area(second) - shared_BNM
    return shared_BNM / union_BNM.clamp(min=_TINY)


def giou_loss(boxes_N4: Tensor, targets_N4: Tensor) -> Tensor:
    """Return 1 - generalised IoU of each pair, in 0..2.

    Args:
        boxes_N4: predicted.
        targets_N4: true, each of a positive area.

    Source:
        Rezatofighi et al. 2019, Generalized Intersection over Union, algorithm 1 (arXiv:1902.09630).
    """
    low_N2, high_N2 = (
        torch.maximum(boxes_N4[:, :2], targets_N4[:, :2]),
        torch.minimum(boxes_N4[:, 2:], targets_N4[:, 2:]),
    )
    shared_N = (high_N2 - low_N2).clamp(min=0).prod(dim=1)
    union_N = _area(boxes_N4) + _area(targets_N4) - shared_N
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


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])

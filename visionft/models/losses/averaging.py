"""What the losses share: their precision, and averages in which some things do not count.

Shape suffixes: B batch, K classes, H height, W width; ``...`` any shape.
"""

import torch
from torch import Tensor


def lifted(logits: Tensor) -> Tensor:
    """Return logits in float32 where they are of half precision, else as they are."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Average values, of any shape; 0, with a gradient of 0, where all weights are 0."""
    total = weights.sum()
    return (values * weights).sum() / torch.where(total > 0, total, 1)


def sum_by_class(values_BHW: Tensor, classes_BHW: Tensor, classes: int) -> Tensor:
    """Add up the values of each class's pixels.

    Args:
        values_BHW: what to add up.
        classes_BHW: int64 class indices, 0..classes - 1.
        classes: how many classes there are.

    Returns:
        sums_K.
    """
    # a sum per row of pixels first: one running float32 sum over millions of pixels would lose what it adds
    sums_BHK = values_BHW.new_zeros(*values_BHW.shape[:2], classes).scatter_add(2, classes_BHW, values_BHW)
    return sums_BHK.sum(dim=(0, 1))

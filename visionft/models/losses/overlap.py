"""Losses that compare regions: how far the predicted region of a class lies over the true one.

Shape suffixes: B batch, K classes, H height, W width.

Regions are those of the whole batch, not of each image, and the average is over the classes that have pixels in
it, each with its weight. A class without true pixels has no overlap to gain; what is predicted of it costs
already where it takes the place of a class that is there.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from visionft.annotations.marks import IGNORE
from visionft.errors import RecipeError
from visionft.models.losses.averaging import lifted, sum_by_class, weighted_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Dice:
    """1 - Dice coefficient of the predicted probabilities and the true regions.

    The denominator is the sum of the probabilities, as is usual for several classes; the source squares them.

    Source:
        Milletari et al. (2016), V-Net, arXiv:1606.04797, section 3.
    """

    kind: ClassVar[str] = "dice"

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss, 0..1."""
        return _tversky_loss(logits_BKHW, masks_BHW, weights_K, alpha=0.5, beta=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tversky:
    """1 - Tversky index: like Dice, but missed pixels and false ones have prices of their own.

    The source has one foreground class; here the average is over all classes that are there.

    Args:
        alpha: price of a false pixel (false positive), >= 0.
        beta: price of a missed pixel (false negative), > 0.

    Source:
        Salehi et al. (2017), Tversky loss function for image segmentation using 3D fully convolutional deep
        networks, arXiv:1706.05721, section 2.1; the defaults are the values that did best in table 1.
    """

    kind: ClassVar[str] = "tversky"

    alpha: float = 0.3
    beta: float = 0.7

    def __post_init__(self) -> None:
        if not (self.alpha >= 0 and self.beta > 0):
            raise RecipeError(
                f"loss 'tversky': alpha is {self.alpha} and beta {self.beta}; allowed are alpha >= 0 and beta > 0"
            )

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss, 0..1."""
        return _tversky_loss(logits_BKHW, masks_BHW, weights_K, alpha=self.alpha, beta=self.beta)


def _tversky_loss(
    logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None, *, alpha: float, beta: float
) -> Tensor:
    # softmax itself and not exp(log_softmax): as stable where no logarithm follows, and one tensor less is kept
    probabilities_BKHW = lifted(logits_BKHW).softmax(dim=1)
    classes = probabilities_BKHW.shape[1]
    ignored_BHW = masks_BHW == IGNORE
    targets_BHW = masks_BHW.masked_fill(ignored_BHW, 0).long()

    # a gather instead of a product with one-hot masks, which would be as large as the logits
    chosen_BHW = probabilities_BKHW.gather(1, targets_BHW[:, None])[:, 0].masked_fill(ignored_BHW, 0)
    hits_K = sum_by_class(chosen_BHW, targets_BHW, classes)
    support_K = sum_by_class((~ignored_BHW).to(chosen_BHW), targets_BHW, classes)
    predicted_K = probabilities_BKHW.masked_fill(ignored_BHW[:, None], 0).sum(dim=(0, 2, 3))

    present_K = support_K > 0
    total_K = hits_K + alpha * (predicted_K - hits_K) + beta * (support_K - hits_K)
    losses_K = 1 - hits_K / torch.where(present_K, total_K, 1)
    counted_K = present_K.to(losses_K)
    return weighted_mean(losses_K, counted_K if weights_K is None else counted_K * weights_K.to(losses_K))

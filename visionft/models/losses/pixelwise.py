"""Losses that are an average over pixels.

Shape suffixes: B batch, K classes, H height, W width.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from visionft.annotations.marks import IGNORE
from visionft.errors import RecipeError
from visionft.models.losses.averaging import lifted, weighted_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossEntropy:
    """Cross-entropy in nats, averaged over pixels; a pixel counts with its class's weight.

    Args:
        label_smoothing: fraction of the target spread over all classes, 0..1.

    Source:
        Szegedy et al. (2016), arXiv:1512.00567, section 7 (label smoothing).
    """

    kind: ClassVar[str] = "cross_entropy"

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing <= 1:
            raise RecipeError(f"loss 'cross_entropy': label_smoothing is {self.label_smoothing}; allowed is 0..1")

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss; absent classes have no pixels and so no part in it."""
        logits_BKHW = lifted(logits_BKHW)
        weights_K = _weights_for(logits_BKHW, weights_K)
        # not reduced by torch: its mean is NaN where all pixels are ignored, and on CUDA it differs from run to run
        weighted_BHW = F.cross_entropy(
            logits_BKHW,
            masks_BHW.long(),
            weights_K,
            ignore_index=IGNORE,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        total = _pixel_weights(masks_BHW, weights_K).sum()
        return weighted_BHW.sum() / torch.where(total > 0, total, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Focal:
    """Cross-entropy in which a pixel counts the less, the surer the network is of its class.

    The softmax form, over K classes. The weights_K stand for the paper's alpha; the average is over pixels, each
    with its class's weight, so that gamma = 0 gives the cross-entropy. The paper, which has far more background
    than objects, divides by the number of objects instead.

    Args:
        gamma: how fast a pixel's part falls with its certainty, >= 0.

    Source:
        Lin et al. (2017), Focal Loss for Dense Object Detection, arXiv:1708.02002, section 3.2, equation 5.
    """

    kind: ClassVar[str] = "focal"

    gamma: float = 2.0

    def __post_init__(self) -> None:
        if not self.gamma >= 0:
            raise RecipeError(f"loss 'focal': gamma is {self.gamma}; allowed is 0 or more")

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss; absent classes have no pixels and so no part in it."""
        logits_BKHW = lifted(logits_BKHW)
        # torch's loss gathers -ln p of the one class that counts: nothing else of the logits' size is kept
        surprise_BHW = F.cross_entropy(logits_BKHW, masks_BHW.long(), ignore_index=IGNORE, reduction="none")
        # 1 - p; kept above 0, where a gamma below 1 has an infinite slope
        doubt_BHW = -torch.expm1(-surprise_BHW).clamp(max=-torch.finfo(surprise_BHW.dtype).tiny)
        weights_BHW = _pixel_weights(masks_BHW, _weights_for(logits_BKHW, weights_K))
        return weighted_mean(doubt_BHW**self.gamma * surprise_BHW, weights_BHW)


def _weights_for(logits_BKHW: Tensor, weights_K: Tensor | None) -> Tensor:
    return logits_BKHW.new_ones(logits_BKHW.shape[1]) if weights_K is None else weights_K.to(logits_BKHW)


def _pixel_weights(masks_BHW: Tensor, weights_K: Tensor) -> Tensor:
    """Return the weight of each pixel's class, 0 for ignored pixels."""
    ignored_BHW = masks_BHW == IGNORE
    return weights_K[masks_BHW.masked_fill(ignored_BHW, 0).long()].masked_fill(ignored_BHW, 0)

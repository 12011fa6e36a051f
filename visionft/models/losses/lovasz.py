"""A loss whose minimum is that of the mean Jaccard index (IoU).

Shape suffixes: B batch, K classes, H height, W width, P pixels of the batch.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from visionft.annotations.marks import IGNORE
from visionft.models.losses.averaging import lifted, weighted_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Lovasz:
    """Lovász-softmax: the convex extension of 1 - IoU to probabilities.

    Taken over the whole batch, and averaged over the classes that have pixels in it, each with its weight, which
    is what the source calls "present".

    Source:
        Berman et al. (2018), The Lovász-Softmax loss, arXiv:1705.08790, section 3, algorithm 1.
    """

    kind: ClassVar[str] = "lovasz"

    def __call__(self, logits_BKHW: Tensor, masks_BHW: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss, 0..1."""
        probabilities_BKHW = lifted(logits_BKHW).softmax(dim=1)
        masks_P = masks_BHW.flatten()
        ignored_P = masks_P == IGNORE
        present = masks_P.bincount(minlength=IGNORE + 1)[:IGNORE].nonzero().flatten().tolist()
        if not present:
            return probabilities_BKHW.sum() * 0.0
        # One class after another: sorting all at once takes several times the memory of the logits. Taken apart by
        # unbind, whose gradient is put together once; indexing fills a tensor of the whole size for every class.
        by_class = probabilities_BKHW.unbind(dim=1)
        losses = torch.stack([_class_loss(by_class[k].flatten(), masks_P == k, ignored_P) for k in present])
        return weighted_mean(losses, torch.ones_like(losses) if weights_K is None else weights_K.to(losses)[present])


def _class_loss(probabilities_P: Tensor, true_P: Tensor, ignored_P: Tensor) -> Tensor:
    errors_P = torch.where(true_P, 1 - probabilities_P, probabilities_P)
    return (errors_P * _slopes(errors_P.detach(), true_P, ignored_P)).sum()


@torch.no_grad()
def _slopes(errors_P: Tensor, true_P: Tensor, ignored_P: Tensor) -> Tensor:
    """Return how much each pixel's error adds to the loss: its part of 1 - IoU, when errors are made in order.

    The extension is linear as long as the order stays, so that these are its gradient, and no part of the sort
    has to be kept for the backward pass.
    """
    # Ignored pixels come last: they change nothing for those before them, and their own part is 0, because no hit
    # is left to lose. So the others need not be copied out.
    order_P = errors_P.masked_fill(ignored_P, -1).argsort(descending=True)
    true_P = true_P[order_P]
    missed_P = true_P.cumsum(0)  # whole numbers: float32 cannot count beyond 2^24
    hits_P = (true_P.sum() - missed_P).to(errors_P)
    union_P = (true_P.sum() + torch.cumsum(~true_P, 0)).to(errors_P)
    # The differences of neighbouring 1 - hits / union in closed form, because they are near float32's rounding: an
    # error on a true pixel takes it from the intersection, one on another pixel adds it to the union.
    steps_P = torch.where(true_P, 1 / union_P, hits_P / (union_P * (union_P - 1)))
    return torch.zeros_like(errors_P).scatter(0, order_P, steps_P)

"""Losses of labels that do not exclude each other: a decision of its own for each class.

Shape suffixes: B batch, K classes.

Each is called ``loss(logits_BK, targets_BK, weights_2K)`` and gives a scalar, the mean over images and classes.
Targets are 1 where the image has the label and 0 where it does not; between them, as mixed images have, each
decision counts as so large a part of an image with the label and of one without. weights_2K are those of absent
labels (row 0) and of present ones (row 1), or none.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from visionft.errors import RecipeError
from visionft.models.losses.averaging import lifted


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryCrossEntropy:
    """Cross-entropy of each label in nats."""

    kind: ClassVar[str] = "bce"

    def __call__(self, logits_BK: Tensor, targets_BK: Tensor, weights_2K: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        logits_BK = lifted(logits_BK)
        return _mean(F.softplus(logits_BK), F.softplus(-logits_BK), targets_BK, weights_2K)


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryFocal:
    """Cross-entropy in which a decision counts the less, the surer the network is of it.

    The sigmoid form. The weights_2K stand for the paper's alpha. The paper, which has far more background than
    objects, divides by the number of objects; here the mean is over all decisions.

    Args:
        gamma: how fast a decision's part falls with its certainty, >= 0.

    Source:
        Lin et al. (2017), Focal Loss for Dense Object Detection, arXiv:1708.02002, section 3.2, equation 5.
    """

    kind: ClassVar[str] = "focal"

    gamma: float = 2.0

    def __post_init__(self) -> None:
        _require(self.kind, "gamma", self.gamma)

    def __call__(self, logits_BK: Tensor, targets_BK: Tensor, weights_2K: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        logits_BK = lifted(logits_BK)
        absent_BK = _power(logits_BK.sigmoid(), self.gamma) * F.softplus(logits_BK)
        present_BK = _power((-logits_BK).sigmoid(), self.gamma) * F.softplus(-logits_BK)
        return _mean(absent_BK, present_BK, targets_BK, weights_2K)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asymmetric:
    """Focal loss that forgets easy absent labels sooner than present ones, and the easiest of them altogether.

    Probabilities come out larger than frequencies, since present labels count for more: thresholds have to be chosen.
    Unlike the paper, which adds up, the mean is over all decisions.

    Args:
        gamma_absent: how fast the part of an absent label falls with the network's certainty, >= 0.
        gamma_present: the same of a present label, >= 0.
        margin: probability up to which an absent label costs nothing, 0..1 (1 excluded).

    Source:
        Ridnik et al. (2021), Asymmetric Loss For Multi-Label Classification, arXiv:2009.14119, section 2.3,
        equations 5 to 7; the defaults are those of its experiments.
    """

    kind: ClassVar[str] = "asymmetric"

    gamma_absent: float = 4.0
    gamma_present: float = 0.0
    margin: float = 0.05

    def __post_init__(self) -> None:
        _require(self.kind, "gamma_absent", self.gamma_absent)
        _require(self.kind, "gamma_present", self.gamma_present)
        if not 0 <= self.margin < 1:
            raise RecipeError(f"loss {self.kind!r}: margin is {self.margin}; allowed is 0..1, but not 1")

    def __call__(self, logits_BK: Tensor, targets_BK: Tensor, weights_2K: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        logits_BK = lifted(logits_BK)
        present_BK = _power((-logits_BK).sigmoid(), self.gamma_present) * F.softplus(-logits_BK)
        if self.margin:
            rest_BK = ((-logits_BK).sigmoid() + self.margin).clamp(max=1)  # what the paper's p_m leaves of 1
            absent_BK = _power(1 - rest_BK, self.gamma_absent) * -rest_BK.log()
        else:  # without a margin the logarithm of 1 - p is finite only from the logit itself
            absent_BK = _power(logits_BK.sigmoid(), self.gamma_absent) * F.softplus(logits_BK)
        return _mean(absent_BK, present_BK, targets_BK, weights_2K)


def balanced_weights(positives_K: Tensor, images: int) -> Tensor:
    """Return weights that make the present and the absent labels of every class count for the same in sum.

    The mean weight of a class's decisions is 1. Where a class is always or never there, the side without images
    counts as one image.

    Args:
        positives_K: training images that have each label.
        images: number of training images, >= 1.

    Returns:
        weights_2K, of absent and of present labels.
    """
    counts_2K = torch.stack([images - positives_K, positives_K]).float().clamp(min=1)
    return images / (2 * counts_2K)


def _power(doubt_BK: Tensor, gamma: float) -> Tensor | float:
    """Raise doubts in 0..1; kept above 0 where a gamma below 1 has an infinite slope."""
    if gamma == 0:
        return 1.0
    return (doubt_BK.clamp(min=torch.finfo(doubt_BK.dtype).tiny) if gamma < 1 else doubt_BK) ** gamma


def _mean(absent_BK: Tensor, present_BK: Tensor, targets_BK: Tensor, weights_2K: Tensor | None) -> Tensor:
    """Average what labels cost that are to be absent and to be present, by how far each is."""
    targets_BK = targets_BK.to(absent_BK.dtype)
    if weights_2K is not None:
        weights_2K = weights_2K.to(absent_BK)
        absent_BK, present_BK = weights_2K[0] * absent_BK, weights_2K[1] * present_BK
    return (targets_BK * present_BK + (1 - targets_BK) * absent_BK).mean()


def _require(kind: str, name: str, gamma: float) -> None:
    if not gamma >= 0:
        raise RecipeError(f"loss {kind!r}: {name} is {gamma}; allowed is 0 or more")

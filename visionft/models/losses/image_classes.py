"""Losses of one class for each image, that one of several which exclude each other.

Shape suffixes: B batch, K classes.

Each is called ``loss(logits_BK, targets, weights_K)``. Targets are labels_B, or shares_BK of each class where images
are mixed: then each share counts as so large a part of an image with that label, so that a whole share is a label. The
average is over images, each with the weight of its class.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from visionft.errors import RecipeError
from visionft.models.losses.averaging import lifted, weighted_mean


class ImageCrossEntropy:
    """Cross-entropy in nats.

    Args:
        label_smoothing: fraction of the target spread over all classes, 0..1.

    Source:
        Szegedy et al. (2016), arXiv:1512.00567, section 7 (label smoothing).
    """

    kind: ClassVar[str] = "cross_entropy"

    def __init__(self, *, label_smoothing: float = 0.0) -> None:
        if not 0 <= label_smoothing <= 1:
            raise RecipeError(f"loss {self.kind!r}: label_smoothing is {label_smoothing}; allowed is 0..1")
        self._label_smoothing = label_smoothing

    def __call__(self, logits_BK: Tensor, targets: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        logits_BK = lifted(logits_BK)
        if targets.ndim == 1:
            return F.cross_entropy(logits_BK, targets, weights_K, label_smoothing=self._label_smoothing)
        # torch's mean is over the weights of the labels where these are indices, but over images where they are shares
        total = len(targets) if weights_K is None else (targets @ weights_K).sum()
        summed = F.cross_entropy(logits_BK, targets, weights_K, reduction="sum", label_smoothing=self._label_smoothing)
        return summed / total


class ImageFocal:
    """Cross-entropy in which an image counts the less, the surer the network is of its class.

    The softmax form, over K classes; the weights_K stand for the paper's alpha. The average is that of the
    cross-entropy, which gamma = 0 gives. Of a mixed image, each class's part is lessened by its own probability.

    Args:
        gamma: how fast an image's part falls with its certainty, >= 0.

    Source:
        Lin et al. (2017), Focal Loss for Dense Object Detection, arXiv:1708.02002, section 3.2, equation 5.
    """

    kind: ClassVar[str] = "focal"

    def __init__(self, *, gamma: float = 2.0) -> None:
        if not gamma >= 0:
            raise RecipeError(f"loss {self.kind!r}: gamma is {gamma}; allowed is 0 or more")
        self._gamma = gamma

    def __call__(self, logits_BK: Tensor, targets: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        surprise_BK = -lifted(logits_BK).log_softmax(dim=1)
        if targets.ndim == 1:
            targets = F.one_hot(targets, surprise_BK.shape[1])
        # 1 - p; kept above 0, where a gamma below 1 has an infinite slope
        doubt_BK = -torch.expm1(-surprise_BK).clamp(max=-torch.finfo(surprise_BK.dtype).tiny)
        parts_BK = targets.to(surprise_BK) if weights_K is None else targets * weights_K.to(surprise_BK)
        return weighted_mean(doubt_BK**self._gamma * surprise_BK, parts_BK)


class LogitAdjusted(ImageCrossEntropy):
    """Cross-entropy of logits to which each class's frequency is added: for classes of which some are rare.

    What is predicted are the logits without it, so that rare classes are told as readily as frequent ones: their mean
    recall is what gets better, not the accuracy on images as frequent as in training. Mixed images are learned as by
    the cross-entropy. Not for images that are drawn by class, or weighted, as well: frequencies would count twice.

    Args:
        class_counts: training images of each class; one without any counts as one.
        tau: how much frequencies count, >= 0; 0 is the cross-entropy.
        label_smoothing: fraction of the target spread over all classes, 0..1.

    Source:
        Menon et al. (2021), Long-tail learning via logit adjustment, arXiv:2007.07314, section 4.2, equation 10.
    """

    kind: ClassVar[str] = "logit_adjusted"

    def __init__(self, *, class_counts: Sequence[int], tau: float = 1.0, label_smoothing: float = 0.0) -> None:
        super().__init__(label_smoothing=label_smoothing)
        if not tau >= 0:
            raise RecipeError(f"loss {self.kind!r}: tau is {tau}; allowed is 0 or more")
        counts_K = torch.tensor(class_counts, dtype=torch.float64).clamp(min=1)
        self._shift_K = tau * (counts_K / counts_K.sum()).log()

    def __call__(self, logits_BK: Tensor, targets: Tensor, weights_K: Tensor | None = None) -> Tensor:
        """Return the scalar loss."""
        logits_BK = lifted(logits_BK)
        return super().__call__(logits_BK + self._shift_K.to(logits_BK), targets, weights_K)


class BalancedSoftmax(LogitAdjusted):
    """Cross-entropy of a softmax in which each class counts as often as it has training images.

    The logit adjustment with tau = 1, found from another side; what is said there holds here.

    Args:
        class_counts: training images of each class; one without any counts as one.
        label_smoothing: fraction of the target spread over all classes, 0..1.

    Source:
        Ren et al. (2020), Balanced Meta-Softmax for Long-Tailed Visual Recognition, arXiv:2007.10740, section 3.1,
        equation 4.
    """

    kind: ClassVar[str] = "balanced_softmax"

    def __init__(self, *, class_counts: Sequence[int], label_smoothing: float = 0.0) -> None:
        super().__init__(class_counts=class_counts, label_smoothing=label_smoothing)

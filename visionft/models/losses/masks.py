"""How far the mask of an object is from the true one.

Shape suffixes: P objects, S cells of a side.
"""

import torch.nn.functional as F
from torch import Tensor


def mask_loss(logits_PSS: Tensor, masks_PSS: Tensor) -> Tensor:
    """Return the loss of each object's mask: binary cross-entropy, the mean of its cells, plus the Dice loss.

    The first makes probabilities what they say, the second counts a small object as much as a large one.

    Args:
        logits_PSS: predicted.
        masks_PSS: fractions of the cells that are the object's, 0..1.

    Returns:
        losses_P.

    Source:
        Milletari et al. 2016, V-Net, section 3 (arXiv:1606.04797), for the Dice loss; as in RTMDet-Ins and CondInst,
        with squares in the denominator.
    """
    entropy_P = F.binary_cross_entropy_with_logits(logits_PSS, masks_PSS, reduction="none").mean(dim=(1, 2))
    probabilities_PSS = logits_PSS.sigmoid()
    shared_P = (probabilities_PSS * masks_PSS).sum(dim=(1, 2))
    both_P = probabilities_PSS.square().sum(dim=(1, 2)) + masks_PSS.square().sum(dim=(1, 2))
    # one cell more on both sides: where the true mask is empty, the less is predicted the better
    return entropy_P + 1 - (2 * shared_P + 1) / (both_P + 1)

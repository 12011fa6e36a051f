"""Which anchor points of a dense detector learn which object: task-aligned assignment, for a whole batch at once.

Shape suffixes: B batch, N objects of an image (padded), A anchor points of all levels, K classes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from visionft.annotations.marks import CROWD
from visionft.models.losses.boxes import pairwise_iou

_TOP = 13
_SCORE_POWER, _IOU_POWER = 1.0, 6.0
_TINY = 1e-30  # the alignment of a first guess of a small object is about 1e-14


@dataclass(frozen=True, slots=True)
class Assignment:
    """What every anchor point learns.

    Attributes:
        targets_BAK: the score that each class should get, 0 for all but the class of the anchor point's object.
        object_BA: the object's place in its image, 0 where there is none.
        weights_BA: how much the anchor point's box counts: its target score; 0 where there is no object.
        ignored_BA: anchor points inside a crowd that have no object: their scores are not learned.
    """

    targets_BAK: Tensor
    object_BA: Tensor
    weights_BA: Tensor
    ignored_BA: Tensor


@torch.no_grad()
def assign(
    scores_BAK: Tensor, boxes_BA4: Tensor, centres_A2: Tensor, targets_BN5: Tensor, smallest: float
) -> Assignment:
    """Give every object the anchor points that predict it best, and every anchor point at most one object.

    Those whose centre lies in an object compete for it by ``score * IoU ** 6``; the best 13 learn it. A point that
    several objects want takes the one that it overlaps most. Target scores are the alignments of an object's points,
    scaled so that the best has the object's best IoU.

    Args:
        scores_BAK: predicted, 0..1.
        boxes_BA4: predicted xyxy in pixels of the canvas.
        centres_A2: (x, y) of the anchor points.
        targets_BN5: xyxy and class; ``CROWD`` is a region to ignore, ``PADDING`` no object.
        smallest: most pixels between anchor points of the finest level; smaller objects reach as far, so that some
            point sees them.

    Returns:
        What every anchor point learns.

    Source:
        Feng et al. 2021, TOOD: Task-aligned One-stage Object Detection, section 3.2 (arXiv:2108.07755).
    """
    known_BN = targets_BN5[..., 4] >= 0
    labels_BN = targets_BN5[..., 4].clamp(min=0).long()
    inside_BNA = _contains(targets_BN5[..., :4], centres_A2, smallest)
    iou_BNA = pairwise_iou(targets_BN5[..., :4], boxes_BA4)
    score_BNA = scores_BAK.transpose(1, 2).gather(1, labels_BN[..., None].expand(-1, -1, scores_BAK.shape[1]))
    candidate_BNA = inside_BNA & known_BN[..., None]
    alignment_BNA = torch.where(candidate_BNA, score_BNA**_SCORE_POWER * iou_BNA**_IOU_POWER, -1.0)

    best = alignment_BNA.topk(min(_TOP, alignment_BNA.shape[2]), dim=2)
    chosen_BNA = torch.zeros_like(candidate_BNA).scatter_(2, best.indices, best.values >= 0)
    # of several objects the one with the larger IoU; -1 where the anchor point was not chosen
    rivals_BNA = torch.where(chosen_BNA, iou_BNA, -1.0)
    overlap_BA, object_BA = rivals_BNA.max(dim=1)
    taken_BA = overlap_BA >= 0
    mine_BNA = chosen_BNA & (torch.arange(chosen_BNA.shape[1], device=object_BA.device)[:, None] == object_BA[:, None])

    alignment_BNA = torch.where(mine_BNA, alignment_BNA, 0.0)
    best_iou_BN1 = torch.where(mine_BNA, iou_BNA, 0.0).amax(dim=2, keepdim=True)
    scaled_BNA = alignment_BNA * best_iou_BN1 / alignment_BNA.amax(dim=2, keepdim=True).clamp(min=_TINY)
    weights_BA = scaled_BNA.gather(1, object_BA[:, None])[:, 0] * taken_BA
    label_BA = labels_BN.gather(1, object_BA)
    targets_BAK = torch.zeros_like(scores_BAK).scatter_(2, label_BA[..., None], weights_BA[..., None])
    crowd_BNA = inside_BNA & (targets_BN5[..., 4:] == CROWD)
    return Assignment(targets_BAK, object_BA, weights_BA, crowd_BNA.any(dim=1) & ~taken_BA)


def _contains(boxes_BN4: Tensor, centres_A2: Tensor, smallest: float) -> Tensor:
    """Return which centres lie in which boxes, none of which is taken for smaller than an anchor point."""
    middle_BN2 = (boxes_BN4[..., :2] + boxes_BN4[..., 2:]) / 2
    reach_BN2 = ((boxes_BN4[..., 2:] - boxes_BN4[..., :2]) / 2).clamp(min=smallest / 2)
    away_BNA2 = (centres_A2 - middle_BN2[:, :, None]).abs()
    return (away_BNA2 <= reach_BN2[:, :, None]).all(dim=3)

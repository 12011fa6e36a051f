"""Non-maximum suppression inside the graph: a fixed number of detections from all anchor points.

Shape suffixes: B batch, A anchor points, K classes, M pairs of point and class, N candidates or detections.
"""

from math import ceil, inf, sqrt

import torch
from torch import Tensor

from visionft.models.losses.boxes import pairwise_iou
from visionft.spec import DETECTIONS

_CANDIDATES_PER_ROW, _FURTHER_CANDIDATES, _LEAST_CANDIDATES = 2, 100, 300
_ROUNDS = 16  # of suppression among that many candidates
_MIN_SCORE = 1e-3
_LEAST_SIDE = 0.1  # pixels; points may look for objects in the padding, where nothing is left of their boxes


def candidates_for(max_detections: int) -> int:
    """Return among how many boxes of an image a number of detections is selected: 300 for 100, 2,100 for 1,000."""
    return max(_LEAST_CANDIDATES, _FURTHER_CANDIDATES + _CANDIDATES_PER_ROW * max_detections)


def select_detections(
    scores_BAK: Tensor, boxes_BA4: Tensor, iou: float = 0.6, max_detections: int = DETECTIONS
) -> Tensor:
    """Select the best detections of each image by NMS, detections_BN6."""
    return select_with_points(scores_BAK, boxes_BA4, iou, max_detections)[0]


def select_with_points(
    scores_BAK: Tensor, boxes_BA4: Tensor, iou: float = 0.6, max_detections: int = DETECTIONS
) -> tuple[Tensor, Tensor]:
    """Select the best detections of each image by NMS within each class, and the points that predict them.

    Every step has a fixed size and takes the whole batch, so that it exports with a dynamic batch and runs alike in any
    runtime. Suppression is repeated until it is that of greedy NMS; sixteen rounds settle chains of boxes, each of
    which is suppressed by the one before, of that length. More candidates get more rounds, by the root of their number,
    since crowds spread over a plane.

    Args:
        scores_BAK: 0..1.
        boxes_BA4: xyxy in pixels of the canvas.
        iou: of two boxes of one class that overlap more, the one with the lower score goes; inf where none has to.
        max_detections: rows N of an image; fewer where there are fewer points.

    Returns:
        detections_BN6, xyxy, score, class, by falling score; zeros in rows without a detection: one with a score below
        0.001, or a side below a tenth of a pixel. And points_BN, int64, which of A each is from.

    Source:
        Zheng et al. 2020, Cluster-NMS, section 3.3, algorithm 2 (arXiv:2005.03572).
    """
    candidates = _candidates(scores_BAK * has_area(boxes_BA4)[..., None], boxes_BA4, candidates_for(max_detections))
    return _best_rows(*candidates, iou=iou, max_detections=max_detections)


def select_by_class(scores_BAK: Tensor, boxes_BAK4: Tensor, iou: float, max_detections: int = DETECTIONS) -> Tensor:
    """Select detections_BN6 by NMS where every class has boxes of its own."""
    scores_BM = (scores_BAK * has_area(boxes_BAK4)).flatten(1)
    scores_BN, pairs_BN = scores_BM.topk(min(candidates_for(max_detections), scores_BM.shape[1]), dim=1)
    boxes_BN4 = boxes_BAK4.flatten(1, 2).gather(1, pairs_BN[..., None].expand(-1, -1, 4))
    classes = scores_BAK.shape[2]
    labels_BN, points_BN = pairs_BN % classes, pairs_BN // classes
    return _best_rows(scores_BN, boxes_BN4, labels_BN, points_BN, iou=iou, max_detections=max_detections)[0]


def has_area(boxes: Tensor) -> Tensor:
    """Return whether the sides of each box, four numbers on the last axis, have a tenth of a pixel."""
    return (boxes[..., 2:] - boxes[..., :2]).amin(dim=-1) >= _LEAST_SIDE


def survivors(boxes_BN4: Tensor, iou: float, labels_BN: Tensor | None = None) -> Tensor:
    """Return survivors_BN of NMS: 1 for boxes that no better one suppresses, else 0.

    Args:
        boxes_BN4: by falling score.
        iou: see ``select_detections``.
        labels_BN: boxes of another class do not count.
    """
    rivals_BNN = pairwise_iou(boxes_BN4, boxes_BN4) > iou
    if labels_BN is not None:
        rivals_BNN = rivals_BNN & (labels_BN[:, :, None] == labels_BN[:, None])
    rivals_BNN = rivals_BNN.float().triu(1)  # row n scores higher than column m
    kept_B1N = torch.ones_like(boxes_BN4[:, None, :, 0])
    for _ in range(_rounds(boxes_BN4.shape[1])):
        kept_B1N = (kept_B1N @ rivals_BNN < 0.5).float()
    return kept_B1N[:, 0]


def _rounds(candidates: int) -> int:
    return max(_ROUNDS, ceil(_ROUNDS * sqrt(candidates / _LEAST_CANDIDATES)))


def _best_rows(
    scores_BN: Tensor, boxes_BN4: Tensor, labels_BN: Tensor, points_BN: Tensor, *, iou: float, max_detections: int
) -> tuple[Tensor, Tensor]:
    """Select detections_BN6 among candidates by falling score, and the points that predict them."""
    final_BN = scores_BN * (scores_BN >= _MIN_SCORE)
    if iou < inf:
        final_BN = final_BN * survivors(boxes_BN4, iou, labels_BN)
    best_BN, order_BN = final_BN.topk(min(max_detections, final_BN.shape[1]), dim=1)
    rows_BN5 = torch.cat([boxes_BN4, labels_BN[..., None].float()], dim=2)
    rows_BN5 = rows_BN5.gather(1, order_BN[..., None].expand(-1, -1, 5)) * (best_BN > 0)[..., None]
    detections_BN6 = torch.cat([rows_BN5[..., :4], best_BN[..., None], rows_BN5[..., 4:]], dim=2)
    return detections_BN6, points_BN.gather(1, order_BN)


def _candidates(scores_BAK: Tensor, boxes_BA4: Tensor, number: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the candidates for NMS: the pairs of point and class with the highest scores.

    They are of as many points, those with the highest best class: any other has as many better pairs before it.
    """
    classes = scores_BAK.shape[2]
    points_BN = scores_BAK.amax(dim=2).topk(min(number, scores_BAK.shape[1]), dim=1).indices
    scores_BNK = scores_BAK.gather(1, points_BN[..., None].expand(-1, -1, classes))
    scores_BN, pairs_BN = scores_BNK.flatten(1).topk(points_BN.shape[1], dim=1)
    points_BN = points_BN.gather(1, pairs_BN // classes)
    return scores_BN, boxes_BA4.gather(1, points_BN[..., None].expand(-1, -1, 4)), pairs_BN % classes, points_BN

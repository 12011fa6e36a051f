"""From the scores and boxes of all cells to a fixed number of detections, inside the graph.

Shape suffixes: B batch, A cells, K classes, N candidates or detections.
"""

import torch
from torch import Tensor

from visionft.losses.boxes import pairwise_iou

CANDIDATES = 300
DETECTIONS = 100
_ROUNDS = 16
_MIN_SCORE = 1e-3
_LEAST_SIDE = 0.1  # pixels; cells may look for objects in the padding, where nothing is left of their boxes


def select_detections(scores_BAK: Tensor, boxes_BA4: Tensor, iou: float = 0.6) -> Tensor:
    """Return the best detections of each image, without duplicates of one class.

    Every step has a fixed size and takes the whole batch, so that it exports with a dynamic batch and runs alike in any
    runtime. Suppression is repeated until it is that of greedy NMS; sixteen rounds settle chains of boxes, each of
    which is suppressed by the one before, of that length.

    Args:
        scores_BAK: 0..1.
        boxes_BA4: xyxy in pixels of the canvas.
        iou: of two boxes of one class that overlap more, the one with the lower score goes.

    Returns:
        detections_BN6: xyxy, score, class, by falling score; zeros in rows without a detection: one with a score below
            0.001, or a side below a tenth of a pixel.

    Source:
        Zheng et al. 2020, Cluster-NMS, section 3.3, algorithm 2 (arXiv:2005.03572).
    """
    sides_BA2 = boxes_BA4[..., 2:] - boxes_BA4[..., :2]
    scores_BAK = scores_BAK * (sides_BA2.amin(dim=2, keepdim=True) >= _LEAST_SIDE)
    scores_BN, boxes_BN4, labels_BN = _candidates(scores_BAK, boxes_BA4)
    same_BNN = labels_BN[:, :, None] == labels_BN[:, None]
    better_BNN = torch.ones_like(same_BNN, dtype=torch.float32).triu(1)  # row n scores higher than column m
    rivals_BNN = ((pairwise_iou(boxes_BN4, boxes_BN4) > iou) & same_BNN).float() * better_BNN
    kept_B1N = torch.ones_like(scores_BN)[:, None]
    for _ in range(_ROUNDS):
        kept_B1N = (kept_B1N @ rivals_BNN < 0.5).float()
    final_BN = scores_BN * kept_B1N[:, 0] * (scores_BN >= _MIN_SCORE)
    best_BN, order_BN = final_BN.topk(min(DETECTIONS, final_BN.shape[1]), dim=1)
    rows_BN5 = torch.cat([boxes_BN4, labels_BN[..., None].float()], dim=2)
    rows_BN5 = rows_BN5.gather(1, order_BN[..., None].expand(-1, -1, 5)) * (best_BN > 0)[..., None]
    return torch.cat([rows_BN5[..., :4], best_BN[..., None], rows_BN5[..., 4:]], dim=2)


def _candidates(scores_BAK: Tensor, boxes_BA4: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the pairs of cell and class with the highest scores.

    They lie in as many cells, those with the highest best class: any other cell has as many better pairs before it.
    """
    classes = scores_BAK.shape[2]
    cells_BN = scores_BAK.amax(dim=2).topk(min(CANDIDATES, scores_BAK.shape[1]), dim=1).indices
    scores_BNK = scores_BAK.gather(1, cells_BN[..., None].expand(-1, -1, classes))
    scores_BN, pairs_BN = scores_BNK.flatten(1).topk(cells_BN.shape[1], dim=1)
    boxes_BN4 = boxes_BA4.gather(1, cells_BN.gather(1, pairs_BN // classes)[..., None].expand(-1, -1, 4))
    return scores_BN, boxes_BN4, pairs_BN % classes

"""Mask R-CNN: Faster R-CNN that finds the pixels of its detections as well.

Shape suffixes: B batch, N detections or objects, K classes, P regions of all images, S, s cells of a side of a mask,
R what a row of results holds: xyxy, score, class, and the probabilities of the cells, row by row.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor

from visionft.annotations.marks import IGNORE
from visionft.annotations.object_mask import MASK_SIDE
from visionft.batch import InstanceTargets
from visionft.models.heads.base import Losses
from visionft.models.heads.maps import MapHead, PaddedMaps
from visionft.models.heads.necks import resized
from visionft.models.heads.rcnn import WIDTH, FasterRcnnHead, RcnnOutputs, owners
from visionft.models.heads.rcnn_learning import Regions
from visionft.models.heads.rcnn_regions import PackedPyramid, project_masks
from visionft.spec import DETECTIONS

_SIDE = 14  # cells along each side of a region; its mask has twice as many
_CONVOLUTIONS = 4
_LEARNED = 32  # masks per image and step, in the mean of a batch
_AT_ONCE = 100  # masks per image that are made at a time, of a megabyte each


class MaskRcnnHead(MapHead):
    """Faster R-CNN with a third look into the boxes that it found: which of 28 x 28 cells are the object's.

    It keeps torchvision's layers and loss. Masks are learned as 0 or 1, as in the source, where torchvision has
    fractions of a cell, and 32 of an image in a step. In use the masks of all rows are made, of those without a
    detection too: every size is fixed.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the inputs dropped before the layer of the classes, 0..1.
        max_detections: objects that an image may have, see ``select_with_points``.

    Source:
        He et al. 2017, Mask R-CNN, section 3 (arXiv:1703.06870).
    """

    kind: ClassVar[str] = "mask_rcnn"
    predicts: ClassVar[str] = "masks"

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        classes: int,
        dropout: float = 0.0,
        max_detections: int = DETECTIONS,
    ) -> None:
        super().__init__()
        self.boxes = FasterRcnnHead(channels, strides, classes, dropout, max_detections)
        says = MaskRCNNPredictor(WIDTH, WIDTH, classes)
        nn.init.normal_(says.mask_fcn_logits.weight, std=0.001)  # torchvision's first masks are sure, and wrong
        nn.init.zeros_(says.mask_fcn_logits.bias)
        self.masks = nn.Sequential(MaskRCNNHeads(WIDTH, (WIDTH,) * _CONVOLUTIONS, 1), says)

    def predict(self, features: PaddedMaps) -> RcnnOutputs:
        """Predict for every anchor whether an object is there."""
        return self.boxes.predict(features)

    def losses(self, outputs: RcnnOutputs, targets: InstanceTargets) -> Losses:
        """Return torchvision's losses; that of masks is the mean over objects whose polygon is known."""
        of_boxes, regions, packed = self.boxes.learn(outputs, targets.boxes_BN5)
        of_masks = self._mask_loss(outputs, targets, regions, packed)
        return Losses(of_boxes.total + of_masks, {**of_boxes.parts, "mask": of_masks.detach()})

    def postprocess(self, outputs: RcnnOutputs) -> Tensor:
        """Return detections_BNR, by falling score; see ``select_detections`` for the rows."""
        packed = outputs.packed()
        found_BN6 = self.boxes.select(outputs, packed)
        starts = range(0, found_BN6.shape[1], _AT_ONCE)
        parts = [self._with_cells(outputs, packed, found_BN6[:, start : start + _AT_ONCE]) for start in starts]
        return torch.cat(parts, dim=1)

    def _with_cells(self, outputs: RcnnOutputs, packed: PackedPyramid, found_BN6: Tensor) -> Tensor:
        """Return rows with the cells of their masks, detections_BNR."""
        labels_P = found_BN6[..., 5].long().flatten()
        logits_Pss = self._logits(outputs, packed, found_BN6[..., :4].flatten(0, 1), owners(found_BN6), labels_P)
        cells_P1SS = resized(logits_Pss.sigmoid()[:, None], (MASK_SIDE, MASK_SIDE))
        cells_BNR = cells_P1SS.view(*found_BN6.shape[:2], -1)
        return torch.cat([found_BN6, cells_BNR * (found_BN6[..., 4:5] > 0)], dim=2)

    def _mask_loss(
        self, outputs: RcnnOutputs, targets: InstanceTargets, regions: Regions, packed: PackedPyramid
    ) -> Tensor:
        boxes_BN5, masks_BNSS = targets
        masks_PSS = masks_BNSS[regions.images_P, regions.rows_P]
        known_P = ((regions.labels_P > 0) & (masks_PSS[:, 0, 0] != IGNORE)).nonzero()[:, 0]
        learned_P = known_P[torch.randperm(len(known_P), device=known_P.device)[: _LEARNED * len(masks_BNSS)]]
        boxes_P4, images_P, rows_P, labels_P, _ = (part[learned_P] for part in regions)
        logits_Pss = self._logits(outputs, packed, boxes_P4, images_P, labels_P - 1)
        if not len(learned_P):
            return logits_Pss.sum()  # of none: every weight gets a gradient of zero
        true_P4 = boxes_BN5[images_P, rows_P, :4]
        wanted_Pss = project_masks(masks_PSS[learned_P], true_P4, boxes_P4, logits_Pss.shape[-1])
        return F.binary_cross_entropy_with_logits(logits_Pss, wanted_Pss)

    def _logits(
        self, outputs: RcnnOutputs, packed: PackedPyramid, boxes_P4: Tensor, images_P: Tensor, labels_P: Tensor
    ) -> Tensor:
        """Return logits_Pss of the cells of each box, for the object of its class."""
        parts = packed.cut(boxes_P4, images_P, _SIDE).contiguous(memory_format=torch.channels_last)  # convolves faster
        with outputs.arithmetic():
            logits_PKss: Tensor = self.masks(parts).float()
        index_P1ss = labels_P[:, None, None, None].expand(-1, 1, *logits_PKss.shape[2:])
        return logits_PKss.gather(1, index_P1ss)[:, 0]

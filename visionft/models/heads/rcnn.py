"""Faster R-CNN, of torchvision's parts, on the maps of our own backbones.

Shape suffixes: B batch, C channels, H height, W width, A anchors of a level or of all, K classes, N proposals,
detections or objects, M those of all levels, P regions of all images.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from visionft.models.heads.base import Losses
from visionft.models.heads.maps import MapHead, PaddedMaps
from visionft.models.heads.necks import Neck
from visionft.models.heads.nms import candidates_for, has_area, select_by_class, survivors
from visionft.models.heads.rcnn_learning import (
    Regions,
    box_iou_in_parts,
    image_targets,
    proposal_losses,
    region_losses,
    sample_regions,
)
from visionft.models.heads.rcnn_regions import PackedPyramid
from visionft.models.heads.torchvision_detectors import anchor_centres
from visionft.spec import DETECTIONS

STRIDES = (4, 8, 16, 32)
WIDTH = 256
_HIDDEN = 1024
_ANCHORS = ((32,), (64,), (128,), (256,), (512,))  # pixels, of each level and the one behind them
_SHAPES = (0.5, 1.0, 2.0)
_BEST = {"training": 2000, "testing": 2000}  # proposals of a level, and of an image; the loss is that of training
_REGIONS = 256  # learned of an image, at most a quarter of them with an object
_SIDE = 7  # cells along each side of a region
_PARTS = ("object", "proposal", "class", "box")  # of the loss


class FasterRcnnHead(MapHead):
    """Proposes boxes first, then looks into each: what it is, and where it ends.

    It keeps torchvision's pyramid, layers, anchors, matching, sampling and losses. Anchors lie at the centres of their
    cells, and regions are cut out where they are; torchvision has both half a cell off. What lies mostly in a crowd and
    is no object's is not learned. For the sake of time, 256 regions of an image are learned in a step instead of 512.
    In use all sizes are fixed: for 100 detections, the 300 best proposals are looked into, out of the 300 best anchors
    of every level.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the inputs dropped before the layer of the classes, 0..1.
        max_detections: objects that an image may have, see ``select_with_points``.

    Source:
        Ren et al. 2015, Faster R-CNN, section 3 (arXiv:1506.01497); Lin et al. 2017, Feature Pyramid Networks, section
        4 (arXiv:1612.03144).
    """

    kind: ClassVar[str] = "faster_rcnn"
    predicts: ClassVar[str] = "boxes"

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        classes: int,
        dropout: float = 0.0,
        max_detections: int = DETECTIONS,
    ) -> None:
        super().__init__()
        self._max_detections = max_detections
        self.levels = Neck(channels, strides, STRIDES)
        self.fpn = FeaturePyramidNetwork(self.levels.channels, WIDTH, LastLevelMaxPool())
        anchors, proposer = AnchorGenerator(_ANCHORS, (_SHAPES,) * len(_ANCHORS)), RPNHead(WIDTH, len(_SHAPES))
        self.rpn = RegionProposalNetwork(anchors, proposer, 0.7, 0.3, 256, 0.5, _BEST, _BEST, nms_thresh=0.7)
        self.rpn.box_similarity = box_iou_in_parts
        looks, says = TwoMLPHead(WIDTH * _SIDE**2, _HIDDEN), FastRCNNPredictor(_HIDDEN, classes + 1)
        says.cls_score = nn.Sequential(nn.Dropout(dropout), says.cls_score)
        self.roi_heads = RoIHeads(None, looks, says, 0.5, 0.5, _REGIONS, 0.25, None, 0.0, 0.5, 100)

    def predict(self, features: PaddedMaps) -> "RcnnOutputs":
        """Predict for every anchor whether an object is there."""
        maps, padded, size = features
        named = {str(stride): map_BCHW for stride, map_BCHW in zip(STRIDES, self.levels(maps), strict=True)}
        levels = list(self.fpn(named).values())
        logits, offsets = self.rpn.head(levels)
        per_cell = [cells_34.to(levels[0].device) for cells_34 in self.rpn.anchor_generator.cell_anchors]
        anchors = [
            (centres_A4[:, None] + cells_34).flatten(0, 1)
            for centres_A4, cells_34 in zip(
                anchor_centres(levels, padded, last=len(STRIDES) - 1), per_cell, strict=True
            )
        ]
        return RcnnOutputs(
            levels,
            [map_BCHW.float().permute(0, 2, 3, 1).flatten(1) for map_BCHW in logits],
            [map_BCHW.float().permute(0, 2, 3, 1).flatten(1).view(map_BCHW.shape[0], -1, 4) for map_BCHW in offsets],
            anchors,
            padded,
            size,
        )

    def losses(self, outputs: "RcnnOutputs", targets: Tensor) -> Losses:
        """Return torchvision's losses for boxes_BN5."""
        return self.learn(outputs, targets)[0]

    def learn(self, outputs: "RcnnOutputs", targets_BN5: Tensor) -> tuple[Losses, Regions, PackedPyramid]:
        """Return torchvision's losses, the regions that were looked into, and what they were cut from."""
        targets, packed = image_targets(targets_BN5), outputs.packed()
        logits_BA, offsets_BA4 = torch.cat(outputs.logits, dim=1), torch.cat(outputs.offsets, dim=1)
        proposed = proposal_losses(self.rpn, torch.cat(outputs.anchors), logits_BA, offsets_BA4, targets)
        counts = [len(anchors_A4) for anchors_A4 in outputs.anchors]
        proposals, _ = self.rpn.filter_proposals(
            torch.cat(self._moved(outputs), dim=1), logits_BA, [outputs.size] * len(targets), counts
        )
        regions = sample_regions(self.roi_heads, proposals, targets)
        looked = region_losses(*self.look(outputs, packed, regions.boxes_P4, regions.images_P), regions)
        parts = zip(_PARTS, (*proposed, *looked), strict=True)
        total = (proposed[0] + proposed[1]) + (looked[0] + looked[1])
        return Losses(total, {name: loss.detach() for name, loss in parts}), regions, packed

    def postprocess(self, outputs: "RcnnOutputs") -> Tensor:
        """Return detections_BN6, see ``select_detections``; boxes end with the canvas."""
        return self.select(outputs, outputs.packed())

    def select(self, outputs: "RcnnOutputs", packed: PackedPyramid) -> Tensor:
        """Return detections_BN6."""
        boxes_BN4, some_BN = self._proposals(outputs)
        batch, number = some_BN.shape
        logits_PK, offsets_P4 = self.look(outputs, packed, boxes_BN4.flatten(0, 1), owners(boxes_BN4))
        scores_BNK = logits_PK.softmax(dim=1)[:, 1:].view(batch, number, -1) * some_BN[..., None]
        moved_PK4 = self.roi_heads.box_coder.decode_single(offsets_P4, boxes_BN4.flatten(0, 1))
        boxes_BNK4 = moved_PK4.view(batch, number, -1, 4)[:, :, 1:]
        return select_by_class(scores_BNK, outputs.clipped(boxes_BNK4), self.roi_heads.nms_thresh, self._max_detections)

    def look(
        self, outputs: "RcnnOutputs", packed: PackedPyramid, boxes_P4: Tensor, images_P: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return logits_PK of no object and of the classes, and offsets_P4 of the box for each of these, float32."""
        with outputs.arithmetic():
            parts = self.roi_heads.box_head(packed.cut(boxes_P4, images_P, _SIDE))
            logits_PK, offsets_P4 = self.roi_heads.box_predictor(parts)
        return logits_PK.float(), offsets_P4.float()

    def _proposals(self, outputs: "RcnnOutputs") -> tuple[Tensor, Tensor]:
        """Return the best boxes_BN4, zeros in rows without one, and which rows have one."""
        number, logits, boxes = candidates_for(self._max_detections), [], []
        for logits_BA, boxes_BA4 in zip(outputs.logits, self._moved(outputs), strict=True):
            inside_BA4 = outputs.clipped(boxes_BA4)
            possible_BA = logits_BA.masked_fill(~has_area(inside_BA4), -inf)
            best_BN, index_BN = possible_BA.topk(min(number, possible_BA.shape[1]), dim=1)
            boxes.append(inside_BA4.gather(1, index_BN[..., None].expand(-1, -1, 4)))
            logits.append(best_BN.masked_fill(survivors(boxes[-1], self.rpn.nms_thresh) < 0.5, -inf))
        logits_BM, boxes_BM4 = torch.cat(logits, dim=1), torch.cat(boxes, dim=1)
        best_BN, index_BN = logits_BM.topk(min(number, logits_BM.shape[1]), dim=1)
        some_BN = best_BN > -inf
        boxes_BN4 = boxes_BM4.gather(1, index_BN[..., None].expand(-1, -1, 4))
        return boxes_BN4.masked_fill(~some_BN[..., None], 0), some_BN

    def _moved(self, outputs: "RcnnOutputs") -> list[Tensor]:
        """Return the anchors of each level where the offsets put them; nothing is learned by way of them."""
        decode, moved = self.rpn.box_coder.decode_single, []
        for offsets_BA4, anchors_A4 in zip(outputs.offsets, outputs.anchors, strict=True):
            anchors_BA4 = anchors_A4.expand_as(offsets_BA4)
            moved.append(decode(offsets_BA4.detach().flatten(0, 1), anchors_BA4.flatten(0, 1)).view_as(offsets_BA4))
        return moved


@dataclass(frozen=True, slots=True)
class RcnnOutputs:
    """Proposals. They are looked into when it is known what for: in training, the targets decide which.

    Attributes:
        levels: maps of the pyramid, BCHW.
        logits: logits_BA of each level, float32: whether there is an object.
        offsets: offsets_BA4 of each level, float32, in the form of torchvision's coder.
        anchors: anchors_A4 of each level, xyxy in pixels of the canvas.
        padded: (height, width) of the padded canvas.
        size: (height, width) of the canvas.
    """

    levels: list[Tensor]
    logits: list[Tensor]
    offsets: list[Tensor]
    anchors: list[Tensor]
    padded: tuple[int, int]
    size: tuple[int, int]

    def packed(self) -> PackedPyramid:
        """Return the levels that regions are cut from: the last is for large proposals only."""
        return PackedPyramid.of(self.levels[:-1], self.padded, STRIDES)

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return the autocast context of the maps: losses and postprocessing are called outside of it."""
        dtype, device = self.levels[0].dtype, self.levels[0].device.type
        return nullcontext() if dtype == torch.float32 else torch.autocast(device, dtype=dtype)

    def clipped(self, boxes: Tensor) -> Tensor:
        """Return boxes cut off at the canvas's edges."""
        sides = [boxes[..., side].clamp(0, self.size[1 - side % 2]) for side in range(4)]
        return torch.stack(sides, dim=-1)


def owners(boxes_BN4: Tensor) -> Tensor:
    """Return the image index of each box, for boxes in one long row."""
    batch, number = boxes_BN4.shape[:2]
    return torch.arange(batch, device=boxes_BN4.device)[:, None].expand(-1, number).flatten()

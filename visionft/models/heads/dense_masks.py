"""Our own detector with masks: every object brings the small network that finds its pixels.

Shape suffixes: B batch, C channels, H height, W width, h, w cells of the finest map, A anchor points of all levels, N
and M objects, P parameters of a mask's network, S cells of a side of a mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from visionft.annotations.marks import IGNORE
from visionft.annotations.object_mask import MASK_SIDE
from visionft.batch import InstanceTargets
from visionft.models.heads.base import Losses
from visionft.models.heads.dense import STRIDES, WIDTH, DenseBranches, DenseOutputs, convolution, flat
from visionft.models.heads.maps import MapHead, PaddedMaps
from visionft.models.heads.necks import Neck, resized
from visionft.models.losses.boxes import iou
from visionft.models.losses.masks import mask_loss
from visionft.spec import DETECTIONS

_FINE = 4  # stride of the map that masks are made from
_MIDDLE = 32  # channels on the way to it
_CHANNELS = 8  # of that map, and of the layers between it and a mask
_SHAPES = ((_CHANNELS, _CHANNELS + 2), (_CHANNELS, _CHANNELS), (1, _CHANNELS))  # of the weights of a mask's layers
_PARAMETERS = sum(rows * columns + rows for rows, columns in _SHAPES)
_LEARNED_SIDE = MASK_SIDE // 2  # cells of a side in training
_LEARNED = 32  # masks per image and step
_LEAST_IOU = 0.5  # of a predicted box that a mask is learned in
_WEIGHT = 2.0  # RTMDet, arXiv:2212.07784, section 3.5


@dataclass(frozen=True, slots=True)
class DenseMaskOutputs:
    """What the head says about every anchor point and pixel.

    Attributes:
        dense: classes and boxes.
        networks_BAP: the parameters of the mask's network of every anchor point.
        fine_BChw: what these look at.
        padded: (height, width) in pixels of the image behind it.
    """

    dense: DenseOutputs
    networks_BAP: Tensor
    fine_BChw: Tensor
    padded: tuple[int, int]

    def detections(self) -> Tensor:
        """Return detections_BNR, by falling score: xyxy, score, class, and the cells of the mask, row by row."""
        found_BN6, points_BN = self.dense.select()
        inside_BCNSS = _sampled(self.fine_BChw.float(), self._fractions(found_BN6[..., :4]), MASK_SIDE)
        masks_BNSS = self._logits(inside_BCNSS, points_BN).sigmoid() * (found_BN6[..., 4] > 0)[..., None, None]
        return torch.cat([found_BN6, masks_BNSS.flatten(2)], dim=2)

    def losses(self, targets: InstanceTargets) -> Losses:
        """Return the losses of classes and boxes, and that of masks, see ``mask_loss``, weighted by target scores.

        Some of the anchor points that learn an object learn its mask too, drawn anew in every step, inside the box that
        they predict, as in use; or the true one while theirs is far off.
        """
        of_boxes, found = self.dense.losses(targets.boxes_BN5)
        known_BN = (targets.masks_BNSS[:, :, 0, 0] != IGNORE).to(found.weights_BA)
        weights_BA = found.weights_BA * known_BN.gather(1, found.object_BA)
        drawn_BA = torch.rand_like(weights_BA) * (weights_BA > 0)
        points_BM = drawn_BA.topk(min(_LEARNED, weights_BA.shape[1]), dim=1).indices
        weights_BM, object_BM = weights_BA.gather(1, points_BM), found.object_BA.gather(1, points_BM)
        targets_BM4 = _rows(targets.boxes_BN5[..., :4], object_BM)
        boxes_BM4 = _rows(self.dense.clipped().detach(), points_BM)
        good_BM = iou(boxes_BM4, targets_BM4) >= _LEAST_IOU
        boxes_BM4 = torch.where(good_BM[..., None], boxes_BM4, targets_BM4)
        inside_BCMSS = _multiplied(self.fine_BChw.float(), self._fractions(boxes_BM4), _LEARNED_SIDE)
        logits_BMSS = self._logits(inside_BCMSS, points_BM)
        masks_BMSS = _true_masks(targets.masks_BNSS, object_BM, targets_BM4, boxes_BM4)
        losses_BM = mask_loss(logits_BMSS.flatten(0, 1), masks_BMSS.flatten(0, 1)).view_as(weights_BM)
        of_masks = _WEIGHT * (losses_BM * weights_BM).sum() / weights_BM.sum().clamp(min=1)
        return Losses(of_boxes.total + of_masks, {**of_boxes.parts, "mask": of_masks.detach()})

    def _fractions(self, boxes_BN4: Tensor) -> Tensor:
        """Return boxes as fractions of the padded image."""
        height, width = self.padded
        return boxes_BN4 / boxes_BN4.new_tensor([width, height, width, height])

    def _logits(self, inside_BCNSS: Tensor, points_BN: Tensor) -> Tensor:
        """Return logits_BNSS of the masks that the networks of some anchor points find."""
        batch, _, number, side, _ = inside_BCNSS.shape
        parameters_BNP = _rows(self.networks_BAP.float(), points_BN).flatten(0, 1)
        at_S = (torch.arange(side, dtype=torch.float32, device=points_BN.device) + 0.5) / side * 2 - 1
        place_2SS = torch.stack(torch.meshgrid(at_S, at_S, indexing="xy"))
        values = inside_BCNSS.transpose(1, 2).flatten(0, 1)  # of all objects of the batch: C, S, S each
        values = torch.cat([values, place_2SS.expand(values.shape[0], 2, side, side)], dim=1).flatten(2)
        start = 0
        for layer, (rows, columns) in enumerate(_SHAPES):
            weights = parameters_BNP[:, start : start + rows * columns].view(-1, rows, columns)
            start += rows * columns
            values = weights @ values + parameters_BNP[:, start : start + rows, None]
            start += rows
            values = values if layer == len(_SHAPES) - 1 else values.relu()
        return values.view(batch, number, side, side)


class DenseMaskHead(MapHead):
    """The dense head, and for every anchor point the parameters of three small layers that tell an object's pixels.

    They look at a map of stride 4 inside the object's box, and at the place in the box: so they know a common shape
    from the beginning, and an object looks alike wherever it is and whatever its size. The sources count pixels from
    the point and look at the whole image instead, which needs more examples and time.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the channels dropped before the last layer of the classes, 0..1.
        max_detections: objects that an image may have, see ``select_with_points``.

    Source:
        Tian et al. 2020, CondInst, section 2 (arXiv:2003.05664); Lyu et al. 2022, RTMDet, section 3.5
        (arXiv:2212.07784).
    """

    kind: ClassVar[str] = "dense_masks"
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
        self.levels = Neck(channels, strides, (_FINE, *STRIDES))
        self.cells = DenseBranches(self.levels.channels[1:], classes, dropout, max_detections)
        self.networks = nn.Conv2d(WIDTH, _PARAMETERS, 1)
        nn.init.normal_(self.networks.weight, std=0.01)
        self.lateral = convolution(self.levels.channels[0], _MIDDLE, 1)
        self.deeper = convolution(WIDTH, _MIDDLE, 1)
        self.fine = nn.Sequential(
            convolution(_MIDDLE, _MIDDLE, 3), convolution(_MIDDLE, _MIDDLE, 3), nn.Conv2d(_MIDDLE, _CHANNELS, 1)
        )

    def predict(self, features: PaddedMaps) -> DenseMaskOutputs:
        """Predict for every anchor point and pixel."""
        maps, padded, size = features
        finest_BCHW, *levels = self.levels(maps)
        dense, mixed, of_boxes = self.cells(levels, padded, size)
        networks_BAP = torch.cat([flat(self.networks(map_BCHW)) for map_BCHW in of_boxes], dim=1)
        fine_BCHW = self.lateral(finest_BCHW)
        fine_BCHW = fine_BCHW + resized(self.deeper(mixed[0]), fine_BCHW.shape[2:])
        return DenseMaskOutputs(dense, networks_BAP, self.fine(fine_BCHW), padded)

    def losses(self, outputs: DenseMaskOutputs, targets: InstanceTargets) -> Losses:
        """Compare with boxes and masks."""
        return outputs.losses(targets)

    def postprocess(self, outputs: DenseMaskOutputs) -> Tensor:
        """Return detections_BNR, by falling score: xyxy, score, class, and the cells of the mask, row by row."""
        return outputs.detections()


def _rows(values_BAD: Tensor, index_BN: Tensor) -> Tensor:
    """Return some of the rows of each image."""
    return values_BAD.gather(1, index_BN[..., None].expand(-1, -1, values_BAD.shape[2]))


def _centres(fractions_BN4: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Return x_BNS and y_BNS of the centres of cells that boxes are divided into, in the unit of the boxes."""
    at_S = (torch.arange(side, dtype=torch.float32, device=fractions_BN4.device) + 0.5) / side
    low_BN2, sides_BN2 = fractions_BN4[..., :2], fractions_BN4[..., 2:] - fractions_BN4[..., :2]
    x_BNS = low_BN2[..., :1] + sides_BN2[..., :1] * at_S
    return x_BNS, low_BN2[..., 1:] + sides_BN2[..., 1:] * at_S


def _sampled(map_BChw: Tensor, fractions_BN4: Tensor, side: int) -> Tensor:
    """Return values_BCNSS of a map in boxes, bilinear between its cells, whose edges continue.

    Args:
        map_BChw: values.
        fractions_BN4: boxes as fractions of the map's width and height.
        side: cells along each side of a box.
    """
    x_BNS, y_BNS = _centres(fractions_BN4, side)
    x_BNSS = x_BNS[:, :, None].expand(-1, -1, side, -1)
    y_BNSS = y_BNS[..., None].expand(-1, -1, -1, side)
    grid_B2 = torch.stack([x_BNSS, y_BNSS], dim=-1).flatten(1, 2) * 2 - 1
    values = F.grid_sample(map_BChw, grid_B2, mode="bilinear", padding_mode="border", align_corners=False)
    return values.view(*map_BChw.shape[:2], fractions_BN4.shape[1], side, side)


def _multiplied(map_BChw: Tensor, fractions_BN4: Tensor, side: int) -> Tensor:
    """Sample as ``_sampled`` does, by products of matrices.

    It takes more arithmetic, but its gradient adds up in one order, where that of ``grid_sample`` on CUDA does not.
    """
    x_BNS, y_BNS = _centres(fractions_BN4, side)
    across_BNSw, down_BNSh = _tents(x_BNS, map_BChw.shape[3]), _tents(y_BNS, map_BChw.shape[2])
    batch, channels, _, width = map_BChw.shape
    number = fractions_BN4.shape[1]
    # all objects in one product: matmul would copy the map for each of them
    map_BhX = map_BChw.permute(0, 2, 1, 3).flatten(2)
    rows_BNXw = (down_BNSh.flatten(1, 2) @ map_BhX).view(batch, number, side * channels, width)
    values = (rows_BNXw @ across_BNSw.transpose(2, 3)).view(batch, number, side, channels, side)
    return values.permute(0, 3, 1, 2, 4)


def _tents(at_BNS: Tensor, cells: int) -> Tensor:
    """Return the weights of a row of cells, whose edges continue, at places given as fractions of it."""
    place_BNS1 = (at_BNS * cells - 0.5).clamp(0, cells - 1)[..., None]
    return (1 - (place_BNS1 - torch.arange(cells, device=at_BNS.device)).abs()).clamp(min=0)


def _true_masks(masks_BNSS: Tensor, object_BM: Tensor, targets_BM4: Tensor, boxes_BM4: Tensor) -> Tensor:
    """Return true masks, which are given in their own boxes, in those of the predictions; 0 outside of their own."""
    side, batch = masks_BNSS.shape[-1], len(masks_BNSS)
    mine_BMSS = masks_BNSS[torch.arange(batch, device=object_BM.device)[:, None], object_BM].float()
    low_BM2, sides_BM2 = targets_BM4[..., :2], (targets_BM4[..., 2:] - targets_BM4[..., :2]).clamp(min=1e-3)
    fractions_BM4 = (boxes_BM4 - low_BM2.repeat(1, 1, 2)) / sides_BM2.repeat(1, 1, 2)
    # a border of zeros, so that nothing continues beyond it
    framed_PSS = F.pad(mine_BMSS.flatten(0, 1), (1, 1, 1, 1))
    fractions_PM4 = (fractions_BM4 * side + 1) / (side + 2)
    inside_PSS = _sampled(framed_PSS[:, None], fractions_PM4.flatten(0, 1)[:, None], _LEARNED_SIDE)[:, 0, 0]
    return inside_PSS.view(*object_BM.shape, _LEARNED_SIDE, _LEARNED_SIDE)

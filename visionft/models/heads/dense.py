"""Our own detector: one stage, no anchors, small, and the default.

Shape suffixes: B batch, C channels, H height, W width, A anchor points of all levels, K classes, R bins, N objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from visionft.models.heads.base import Losses
from visionft.models.heads.maps import MapHead, PaddedMaps
from visionft.models.heads.necks import Neck, resized
from visionft.models.heads.nms import select_with_points
from visionft.models.losses.assignment import Assignment, assign
from visionft.models.losses.boxes import distance_loss, giou_loss
from visionft.spec import DETECTIONS

STRIDES = (8, 16, 32)
WIDTH = 96
_CONVOLUTIONS = 2  # of each branch
_BINS = 17  # a side is at most sixteen cells from the anchor point that predicts it
_DECAY = 0.35  # of the bins' first logits: untrained boxes have sides of five cells, so that every size finds its level
_PRIOR = 0.01  # score of an untrained anchor point (RetinaNet, arXiv:1708.02002, section 4.1)
_CLASS_WEIGHT, _BOX_WEIGHT, _DISTANCE_WEIGHT = 1.0, 2.5, 0.5  # PP-YOLOE, arXiv:2203.16250, section 2.2


@dataclass(frozen=True, slots=True)
class DenseOutputs:
    """What the head says about every anchor point.

    Attributes:
        logits_BAK: of the classes.
        bins_BA4R: logits of the distances from the anchor point to the left, top, right and bottom, in steps.
        centres_A2: (x, y) in pixels of the canvas.
        steps_A2: (x, y) pixels from cell to cell.
        finest: pixels from cell to cell of the finest level, the larger of both steps.
        size: (height, width) of the canvas.
        max_detections: objects that an image may have.
    """

    logits_BAK: Tensor
    bins_BA4R: Tensor
    centres_A2: Tensor
    steps_A2: Tensor
    finest: float
    size: tuple[int, int]
    max_detections: int = DETECTIONS

    def boxes(self) -> Tensor:
        """Return boxes_BA4, xyxy in pixels of the canvas; they may reach beyond it."""
        bins_R = torch.arange(_BINS, dtype=torch.float32, device=self.bins_BA4R.device)
        distances_BA4 = self.bins_BA4R.float().softmax(dim=-1) @ bins_R
        low_BA2 = self.centres_A2 - distances_BA4[..., :2] * self.steps_A2
        return torch.cat([low_BA2, self.centres_A2 + distances_BA4[..., 2:] * self.steps_A2], dim=-1)

    def select(self) -> tuple[Tensor, Tensor]:
        """Return detections_BN6, and points_BN that predict them."""
        return select_with_points(self.logits_BAK.float().sigmoid(), self.clipped(), max_detections=self.max_detections)

    def clipped(self) -> Tensor:
        """Return boxes_BA4 cut off at the canvas's edges."""
        height, width = self.size
        boxes_BA4 = self.boxes()
        return torch.stack([boxes_BA4[..., side].clamp(0, (width, height)[side % 2]) for side in range(4)], dim=-1)

    def losses(self, targets_BN5: Tensor) -> tuple[Losses, Assignment]:
        """Return three weighted losses, each divided by the sum of all target scores, and what each point learns.

        They are binary cross-entropy of the scores against the assigner's targets, the generalised IoU of the boxes and
        the distribution focal loss of their sides, the last two weighted by target scores.
        """
        logits_BAK, boxes_BA4 = self.logits_BAK.float(), self.boxes()
        found = assign(logits_BAK.sigmoid(), boxes_BA4, self.centres_A2, targets_BN5, self.finest)
        total = found.weights_BA.sum().clamp(min=1)
        class_BA = F.binary_cross_entropy_with_logits(logits_BAK, found.targets_BAK, reduction="none").sum(dim=2)
        class_loss = (class_BA * ~found.ignored_BA).sum()
        image_P, point_P = found.weights_BA.nonzero(as_tuple=True)
        weights_P = found.weights_BA[image_P, point_P]
        targets_P4 = targets_BN5[image_P, found.object_BA[image_P, point_P], :4]
        centres_P2, steps_P2 = self.centres_A2[point_P], self.steps_A2[point_P]
        sides_P4 = torch.cat([centres_P2 - targets_P4[:, :2], targets_P4[:, 2:] - centres_P2], dim=1)
        box_loss = (giou_loss(boxes_BA4[image_P, point_P], targets_P4) * weights_P).sum()
        bins_P4R = self.bins_BA4R[image_P, point_P].float()
        side_loss = (distance_loss(bins_P4R, sides_P4 / steps_P2.repeat(1, 2)) * weights_P).sum()
        weighted = _CLASS_WEIGHT * class_loss, _BOX_WEIGHT * box_loss, _DISTANCE_WEIGHT * side_loss
        parts = zip(("class", "box", "distance"), weighted, strict=True)
        return Losses(
            (weighted[0] + weighted[1] + weighted[2]) / total,
            {name: loss.detach() / total for name, loss in parts},
        ), found


class DenseHead(MapHead):
    """A light feature pyramid, and two branches of convolutions that all its levels share: classes and boxes.

    There are no anchor boxes: an anchor point predicts scores and its distances from the sides of one box. Quality
    needs no branch of its own, since the assigner's targets are scores that say how good a box is. The weights of the
    branches are shared by the levels, their norms are not, as in NAS-FPN's and RTMDet's heads. A box reaches at most
    512 pixels from its anchor point: on canvases of more than 1,024 pixels, larger objects are out of reach.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the channels dropped before the last layer of the classes, 0..1.
        max_detections: objects that an image may have, see ``select_with_points``.

    Source:
        Tian et al. 2019, FCOS, section 3 (arXiv:1904.01355), for points that predict distances; Li et al. 2020, GFL,
        section 3.2 (arXiv:2006.04388), for their distributions; Liu et al. 2018, PANet, section 3.1
        (arXiv:1803.01534), for the pyramid that leads down and up again; Lyu et al. 2022, RTMDet, section 3.2
        (arXiv:2212.07784), for the shared branches.
    """

    kind: ClassVar[str] = "dense"
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
        self.levels = Neck(channels, strides, STRIDES)
        self.cells = DenseBranches(self.levels.channels, classes, dropout, max_detections)

    def predict(self, features: PaddedMaps) -> DenseOutputs:
        """Predict for every anchor point."""
        maps, padded, size = features
        return self.cells(self.levels(maps), padded, size)[0]  # type: ignore[no-any-return]  # a module's call

    def losses(self, outputs: DenseOutputs, targets: Tensor) -> Losses:
        """Compare with boxes_BN5."""
        return outputs.losses(targets)[0]

    def postprocess(self, outputs: DenseOutputs) -> Tensor:
        """Return detections_BN6, see ``select_detections``; boxes end with the canvas."""
        return outputs.select()[0]


class DenseBranches(nn.Module):
    """The pyramid and its branches, see ``DenseHead``.

    Args:
        channels: of the levels at ``STRIDES``.
        classes: number of classes K.
        dropout: fraction of the channels dropped before the last layer of the classes, 0..1.
        max_detections: objects that an image may have.
    """

    def __init__(self, channels: Sequence[int], classes: int, dropout: float, max_detections: int = DETECTIONS) -> None:
        super().__init__()
        self._max_detections = max_detections
        self.pyramid = _TwoWayPyramid(channels)
        self.class_branch = _Branch(dropout)
        self.box_branch = _Branch(0.0)
        self.classes = nn.Conv2d(WIDTH, classes, 1)
        self.sides = nn.Conv2d(WIDTH, 4 * _BINS, 1)
        first_guess_R = -_DECAY * torch.arange(_BINS, dtype=torch.float32)
        for layer, bias in ((self.classes, torch.tensor(-log(1 / _PRIOR - 1))), (self.sides, first_guess_R.repeat(4))):
            nn.init.normal_(layer.weight, std=0.01)
            layer.bias = nn.Parameter(bias.expand(layer.out_channels).clone())

    def forward(
        self, levels: list[Tensor], padded: tuple[int, int], size: tuple[int, int]
    ) -> tuple[DenseOutputs, list[Tensor], list[Tensor]]:
        """Return what is predicted for every point, the mixed levels, and what the branch of boxes makes of them."""
        logits, bins, centres, steps, of_boxes = [], [], [], [], []
        mixed = self.pyramid(levels)
        for level, map_BCHW in enumerate(mixed):
            logits.append(flat(self.classes(self.class_branch(map_BCHW, level))))
            of_boxes.append(self.box_branch(map_BCHW, level))
            bins.append(flat(self.sides(of_boxes[-1])).reshape(map_BCHW.shape[0], -1, 4, _BINS))
            centres_A2, step_2 = _grid(map_BCHW, padded)
            centres.append(centres_A2)
            steps.append(step_2.expand_as(centres_A2))
        finest = max(pixels / cells for pixels, cells in zip(padded, mixed[0].shape[2:], strict=True))
        outputs = DenseOutputs(
            torch.cat(logits, 1),
            torch.cat(bins, 1),
            torch.cat(centres),
            torch.cat(steps),
            finest,
            size,
            self._max_detections,
        )
        return outputs, mixed, of_boxes


def flat(map_BCHW: Tensor) -> Tensor:
    """Return the cells of a map row by row, with their channels last: BAC."""
    return map_BCHW.flatten(2).transpose(1, 2)


def _grid(map_BCHW: Tensor, padded: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return the centres (x, y) of a map's cells, row by row, and the (x, y) pixels from one to the next."""
    rows, columns = map_BCHW.shape[2:]
    step_x, step_y = padded[1] / columns, padded[0] / rows
    device = map_BCHW.device
    y_H = (torch.arange(rows, dtype=torch.float32, device=device) + 0.5) * step_y
    x_W = (torch.arange(columns, dtype=torch.float32, device=device) + 0.5) * step_x
    y_HW, x_HW = torch.meshgrid(y_H, x_W, indexing="ij")
    return torch.stack([x_HW, y_HW], dim=-1).flatten(0, 1), torch.tensor([step_x, step_y], device=device)


class _TwoWayPyramid(nn.Module):
    """Levels of one width, mixed from deep to shallow and back."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.project = nn.ModuleList(convolution(channel, WIDTH, 1) for channel in channels)
        self.down = nn.ModuleList(_separable() for _ in STRIDES[1:])
        self.shrink = nn.ModuleList(_separable(stride=2) for _ in STRIDES[1:])
        self.up = nn.ModuleList(_separable() for _ in STRIDES[1:])

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        laterals = [project(map_BCHW) for project, map_BCHW in zip(self.project, levels, strict=True)]
        fine = [laterals.pop()]
        for mix, lateral_BCHW in zip(self.down, reversed(laterals), strict=True):
            fine.insert(0, mix(lateral_BCHW + resized(fine[0], lateral_BCHW.shape[2:])))
        mixed = [fine[0]]
        for shrink, mix, level_BCHW in zip(self.shrink, self.up, fine[1:], strict=True):
            mixed.append(mix(level_BCHW + shrink(mixed[-1])))
        return mixed


class _Branch(nn.Module):
    """Convolutions that all levels share, each with a norm per level."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False) for _ in range(_CONVOLUTIONS)
        )
        self.norms = nn.ModuleList(nn.ModuleList(nn.BatchNorm2d(WIDTH) for _ in STRIDES) for _ in range(_CONVOLUTIONS))
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, map_BCHW: Tensor, level: int) -> Tensor:
        for convolution, norms in zip(self.convolutions, self.norms, strict=True):
            map_BCHW = F.silu(norms[level](convolution(map_BCHW)))  # type: ignore[index]  # a ModuleList
        dropped_BCHW: Tensor = self.dropout(map_BCHW)
        return dropped_BCHW


def convolution(channels: int, width: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return a convolution with its norm and SiLU."""
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(width),
        nn.SiLU(),
    )


def _separable(stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, stride, 1, groups=WIDTH, bias=False), *convolution(WIDTH, WIDTH, 1))

"""torchvision's one-stage detectors on the maps of our own backbones.

Shape suffixes: B batch, C channels, H height, W width, A anchors of a level or of all, K classes, M anchors of a cell,
N objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torchvision.models.detection import FCOS, RetinaNet
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from visionft.models.heads.base import Losses
from visionft.models.heads.maps import MapHead, PaddedMaps
from visionft.models.heads.necks import Neck
from visionft.models.heads.nms import select_detections
from visionft.spec import DETECTIONS

_WIDTH = 256
_STRIDES = (8, 16, 32)


class AnchorHead(MapHead):
    """A detector of torchvision, without its image transform and its loops over images and levels.

    It keeps torchvision's pyramid, branches, anchors, matching, losses and NMS threshold. Its anchors lie elsewhere: at
    the centres of the cells, and of those cells that the convolutions of the two deepest levels step on. torchvision
    spreads a level's anchors evenly from the image's corner, up to a cell away from what they are predicted from.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the channels dropped before the last layer of the classes, 0..1.
        max_detections: objects that an image may have, see ``select_with_points``.
    """

    kind: ClassVar[str]
    predicts: ClassVar[str] = "boxes"
    detector_class: ClassVar[Any]  # untyped, as torchvision is

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
        # its "backbone" is whatever stands before its head
        self.detector = self.detector_class(_Pyramid(Neck(channels, strides, _STRIDES)), classes)
        self.detector.head.classification_head.conv.append(nn.Dropout2d(dropout))

    def predict(self, features: PaddedMaps) -> "AnchorOutputs":
        """Predict for every anchor."""
        maps, padded, size = features
        levels = self.detector.backbone(maps)
        raw = {name: values.float() for name, values in self.detector.head(levels).items()}
        cells = self.detector.anchor_generator.cell_anchors
        anchors = [
            (centres_A4[:, None] + cells_M4.to(centres_A4.device)).flatten(0, 1)
            for centres_A4, cells_M4 in zip(anchor_centres(levels, padded, last=len(_STRIDES) - 1), cells, strict=True)
        ]
        return AnchorOutputs(raw, tuple(anchors), size)

    def losses(self, outputs: "AnchorOutputs", targets: Tensor) -> Losses:
        """Return torchvision's losses for boxes_BN5; regions of crowds count as background, as torchvision has it."""
        present = [rows_N5[rows_N5[:, 4] >= 0] for rows_N5 in targets]
        objects = [{"boxes": rows_N5[:, :4], "labels": rows_N5[:, 4].long()} for rows_N5 in present]
        terms: dict[str, Tensor] = self.compared(outputs.raw, outputs.anchors, objects)
        total = torch.stack(list(terms.values())).sum()
        return Losses(total, {name: term.detach() for name, term in terms.items()})

    def postprocess(self, outputs: "AnchorOutputs") -> Tensor:
        """Return detections_BN6, see ``select_detections``; boxes end with the canvas."""
        scores_BAK, boxes_BA4 = self.decoded(outputs.raw, torch.cat(outputs.anchors))
        height, width = outputs.size
        x_BA2, y_BA2 = boxes_BA4[..., 0::2].clamp(0, width), boxes_BA4[..., 1::2].clamp(0, height)
        clipped_BA4 = torch.stack([x_BA2, y_BA2], dim=-1).flatten(2)
        return select_detections(scores_BAK, clipped_BA4, self.detector.nms_thresh, self._max_detections)

    def compared(self, raw: dict[str, Tensor], anchors: tuple[Tensor, ...], targets: list[dict[str, Tensor]]) -> Any:
        """Return torchvision's losses by name; the targets of each image are in torchvision's form."""
        return self.detector.compute_loss(targets, raw, [torch.cat(anchors)] * len(targets))

    def decoded(self, raw: dict[str, Tensor], anchors_A4: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores_BAK and boxes_BA4, which may reach beyond the canvas."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class AnchorOutputs:
    """What a head says about every anchor.

    Attributes:
        raw: torchvision's outputs by name, float32, BAK, BA4 or BA1.
        anchors: anchors_A4 of each level, xyxy in pixels of the canvas.
        size: (height, width) of the canvas.
    """

    raw: dict[str, Tensor]
    anchors: tuple[Tensor, ...]
    size: tuple[int, int]


class FcosHead(AnchorHead):
    """A cell predicts classes, its distances from the sides of one box, and how near it is to the box's centre.

    Source:
        Tian et al. 2019, FCOS, section 3 (arXiv:1904.01355).
    """

    kind = "fcos"
    detector_class = FCOS

    def compared(self, raw: dict[str, Tensor], anchors: tuple[Tensor, ...], targets: list[dict[str, Tensor]]) -> Any:
        """Return the losses of classes, boxes and centres; each level learns boxes of its own range of sizes."""
        counts = [len(anchors_A4) for anchors_A4 in anchors]
        return self.detector.compute_loss(targets, raw, [torch.cat(anchors)] * len(targets), counts)

    def decoded(self, raw: dict[str, Tensor], anchors_A4: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores_BAK, the geometric mean of class and centre, and boxes_BA4."""
        scores_BAK = (raw["cls_logits"].sigmoid() * raw["bbox_ctrness"].sigmoid()).sqrt()
        return scores_BAK, self.detector.box_coder.decode(raw["bbox_regression"], anchors_A4)


class RetinaNetHead(AnchorHead):
    """A cell predicts classes and offsets for nine anchors of three sizes and shapes, the smallest 32 pixels wide.

    Source:
        Lin et al. 2017, Focal Loss for Dense Object Detection, section 4 (arXiv:1708.02002).
    """

    kind = "retinanet"
    detector_class = RetinaNet

    def decoded(self, raw: dict[str, Tensor], anchors_A4: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores_BAK and boxes_BA4."""
        offsets_BA4 = raw["bbox_regression"]
        anchors_BA4 = anchors_A4.expand_as(offsets_BA4)
        boxes_BA4 = self.detector.box_coder.decode_single(offsets_BA4.flatten(0, 1), anchors_BA4.flatten(0, 1))
        return raw["cls_logits"].sigmoid(), boxes_BA4.view_as(offsets_BA4)


class _Pyramid(nn.Module):
    """Levels of one width, and two deeper ones made of the last, as torchvision builds them for its detectors."""

    def __init__(self, levels: Neck) -> None:
        super().__init__()
        self.out_channels = _WIDTH  # which torchvision asks for
        self.levels = levels
        self.fpn = FeaturePyramidNetwork(levels.channels, _WIDTH, LastLevelP6P7(_WIDTH, _WIDTH))

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        named = {str(stride): map_BCHW for stride, map_BCHW in zip(_STRIDES, self.levels(maps), strict=True)}
        return list(self.fpn(named).values())


def anchor_centres(levels: Sequence[Tensor], padded: tuple[int, int], last: int) -> list[Tensor]:
    """Return centres_A4, (x, y, x, y), of the cells of each level, row by row.

    A cell of a level behind the pyramid's last is that cell of it, every second or fourth, on which the convolutions or
    the pooling with stride 2 are centred.

    Args:
        levels: BCHW, fine to coarse.
        padded: (height, width) in pixels of the image behind them.
        last: index of the last level that is the pyramid's own.
    """
    centres = []
    for index, map_BCHW in enumerate(levels):
        sides = []
        for pixels, cells in zip(padded, levels[min(index, last)].shape[2:], strict=True):
            at = torch.arange(0, cells, 2 ** max(0, index - last), dtype=torch.float32, device=map_BCHW.device)
            sides.append((at + 0.5) * (pixels / cells))
        y_HW, x_HW = torch.meshgrid(*sides, indexing="ij")
        centres.append(torch.stack([x_HW, y_HW, x_HW, y_HW], dim=-1).flatten(0, 1))
    return centres

"""Heads on feature maps: images of any size are padded to whole cells of the deepest map.

Shape suffixes: B batch, C channels, H height, W width, K classes; h, w cells of a map.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from visionft.models.backbones import Backbone, DepthGroup
from visionft.models.heads.base import Head, Losses, LossTerms


class PaddedMaps(NamedTuple):
    """The maps of padded images.

    Attributes:
        maps: of the backbone, BCHW.
        padded: (height, width) in pixels of the images behind them.
        size: (height, width) of their part that is no padding.
    """

    maps: list[Tensor]
    padded: tuple[int, int]
    size: tuple[int, int]


class MapHead(Head):
    """A head on the backbone's maps; images are padded right and below, with the mean colour."""

    def features(self, backbone: Backbone, images_BCHW: Tensor) -> PaddedMaps:
        """Return the maps of the padded images."""
        height, width = images_BCHW.shape[2:]
        padded_BCHW = F.pad(images_BCHW, (0, -width % backbone.stride, 0, -height % backbone.stride))
        return PaddedMaps(backbone(padded_BCHW), (padded_BCHW.shape[2], padded_BCHW.shape[3]), (height, width))

    def groups(self, backbone: Backbone) -> Sequence[DepthGroup]:
        """Return the depth groups of the maps: layers behind the deepest one would train without a gradient."""
        return backbone.map_groups


class PixelHead(MapHead):
    """A decoder, whose logits are brought to the size of the image.

    Args:
        decoder: gives logits_BKhw of its own stride for the backbone's maps.
        loss: what logits_BKHW are learned by.
        activation: makes results of logits_BKHW.
    """

    def __init__(self, decoder: nn.Module, loss: LossTerms, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.head = decoder
        self._loss = loss
        self._activation = activation

    def predict(self, features: PaddedMaps) -> Tensor:
        """Return logits_BKHW."""
        maps, padded, (height, width) = features
        logits_BKhw = self.head(maps)
        if tuple(logits_BKhw.shape[2:]) != padded:
            logits_BKhw = F.interpolate(logits_BKhw, size=list(padded), mode="bilinear", align_corners=False)
        logits_BKHW: Tensor = logits_BKhw[:, :, :height, :width]
        return logits_BKHW

    def losses(self, outputs: Tensor, targets: Any) -> Losses:
        """Return the task's losses of logits_BKHW."""
        return Losses.of(self._loss(outputs, targets))

    def postprocess(self, outputs: Tensor) -> Tensor:
        """Return the task's results of logits_BKHW."""
        return self._activation(outputs)


class PaddedHead(MapHead):
    """A detector, whose weights are called ``head.head`` in checkpoints as those of decoders are.

    Args:
        head: the detector.
    """

    def __init__(self, head: MapHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: PaddedMaps, targets: Any = None) -> Any:
        """Return the detector's losses where there are targets, else its raw outputs."""
        return self.head(features, targets)

    def predict(self, features: PaddedMaps) -> Any:
        """Return the detector's raw outputs."""
        return self.head.predict(features)

    def losses(self, outputs: Any, targets: Any) -> Losses:
        """Return the detector's losses."""
        return self.head.losses(outputs, targets)

    def postprocess(self, outputs: Any) -> Tensor:
        """Return detections_BNR."""
        return self.head.postprocess(outputs)

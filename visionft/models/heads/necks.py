"""Lays the maps of any backbone onto the strides that a decoder expects.

Shape suffixes: B batch, C channels, H height, W width.
"""

from collections.abc import Sequence
from math import ceil, log2

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each cell: the tokens of a transformer come without one."""

    def forward(self, map_BCHW: Tensor) -> Tensor:  # noqa: D102  as the class says
        return super().forward(map_BCHW.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def is_plain(strides: Sequence[int]) -> bool:
    """Return whether a backbone keeps one stride throughout, as a plain ViT does."""
    return len(set(strides)) == 1


def nominal(stride: int) -> int:
    """Return the nearest power of two: decoders count in these, and patches of 14 stand for 16."""
    return int(2 ** round(log2(stride)))


def image_size(maps: Sequence[Tensor], strides: Sequence[int]) -> list[int]:
    """Return (height, width) in pixels of the image behind the maps, a multiple of the deepest stride.

    Networks without padding lose cells at the border, the more the deeper; what the largest map covers is rounded up.
    """
    deepest = strides[-1]
    sides = zip(*(map_BCHW.shape[2:] for map_BCHW in maps), strict=True)
    seen = [max(cells * stride for cells, stride in zip(side, strides, strict=True)) for side in sides]
    return [-(-pixels // deepest) * deepest for pixels in seen]


def on_grid(map_BCHW: Tensor, stride: int, deepest: int, cells: Sequence[int]) -> Tensor:
    """Make neighbouring levels differ by exactly two, which decoders take for granted.

    Changes nothing where the image is a multiple of the deepest level, as it is for every CNN that pads. A ViT may see
    21 patches a side; its map is then stretched to 22, and the logits shrink by as much in the end.

    Args:
        map_BCHW: of this stride.
        stride: nominal stride of the map, or of the level that it goes to.
        deepest: nominal stride of the decoder's deepest level.
        cells: (height, width) of the deepest level.
    """
    size = [count * deepest // stride for count in cells]
    return map_BCHW if list(map_BCHW.shape[2:]) == size else resized(map_BCHW, size)


def resized(map_BCHW: Tensor, size: Sequence[int]) -> Tensor:
    """Resize bilinearly to (height, width), edges on edges."""
    return F.interpolate(map_BCHW, size=list(size), mode="bilinear", align_corners=False)


class Neck(nn.Module):
    """A neck: feature maps at given strides.

    A map goes to the level of its own stride, one that is deeper than all levels joins the deepest. DeepLabV3+ and
    PAN, which end at stride 16, are thus given what a dilated backbone would show them there: dilation would change
    the backbone, and enlarging its stride-32 map to 16 costs little (FastFCN, arXiv:1903.11816). Levels without a
    map are made as in the simple feature pyramid: by transposed convolutions from the next deeper one, or by pooling
    from the deepest. Only the last map of a plain ViT is used. Levels 1 and 2 are not made up: without a map they
    have no channels, which the decoders of segmentation-models-pytorch understand.

    Args:
        channels: of the backbone's maps.
        strides: of the backbone's maps.
        level_strides: nominal, powers of two, shallow to deep. Patches of 14 pixels stand for 16, so that level 4
            then has a cell for every 3.5 pixels.

    Attributes:
        channels: of the levels.
        unit: what a nominal stride is to be multiplied with, 1 but for patches that are no power of two.

    Source:
        Li et al. 2022, Exploring Plain Vision Transformer Backbones for Object Detection, section 3
        (arXiv:2203.16527).
    """

    def __init__(self, channels: Sequence[int], strides: Sequence[int], level_strides: Sequence[int]) -> None:
        super().__init__()
        nominal_strides = [nominal(stride) for stride in strides]
        self.unit = strides[-1] / nominal_strides[-1]
        self._strides, self._deepest_nominal, self._deepest = tuple(strides), nominal_strides[-1], level_strides[-1]
        goes_to = [min(stride, self._deepest) for stride in nominal_strides]
        if is_plain(strides):
            goes_to = [0] * (len(nominal_strides) - 1) + [min(level for level in level_strides if level >= goes_to[-1])]
        members = {level: [i for i, place in enumerate(goes_to) if place == level] for level in level_strides}
        levels = [_Level(level, members, channels, normed=is_plain(strides)) for level in level_strides]
        self.levels = nn.ModuleList(levels)
        self.channels = [level.channels for level in levels]

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Return the wanted levels, BCHW, each twice as large as the next where the strides say so."""
        patches = [pixels // self._strides[-1] for pixels in image_size(maps, self._strides)]
        cells = [-(-count * self._deepest_nominal // self._deepest) for count in patches]
        return [level(maps, self._deepest, cells) for level in self.levels]


class _Level(nn.Module):
    """One level: the maps it is made from, and how."""

    def __init__(self, stride: int, members: dict[int, list[int]], channels: Sequence[int], *, normed: bool) -> None:
        super().__init__()
        held = [level for level, indices in members.items() if indices]
        deeper = [level for level in held if level >= stride]
        empty = stride < 4 and stride not in held
        self._source = stride if empty else deeper[0] if deeper else held[-1]
        self._indices = members[self._source]
        width = sum(channels[index] for index in self._indices)
        steps = round(log2(self._source / stride))
        self.change = nn.Sequential()
        for _ in range(steps):  # each halves the width, as in ViTDet
            if len(self.change):
                self.change.extend([ChannelNorm(width, eps=1e-6), nn.GELU()])
            self.change.append(nn.ConvTranspose2d(width, width := max(1, width // 2), 2, stride=2))
        if steps < 0:
            self.change.append(nn.MaxPool2d(2**-steps))
        if normed and width:
            self.change.append(ChannelNorm(width, eps=1e-6))
        self.channels = width

    def forward(self, maps: list[Tensor], deepest: int, cells: Sequence[int]) -> Tensor:
        if not self._indices:
            size = [count * deepest // self._source for count in cells]
            return maps[-1].new_zeros(maps[-1].shape[0], 0, *size)
        sources = [on_grid(maps[index], self._source, deepest, cells) for index in self._indices]
        map_BCHW: Tensor = self.change(torch.cat(sources, dim=1) if len(sources) > 1 else sources[0])
        return map_BCHW


class Classifier(nn.Module):
    """Dropout and one convolution, the last layer of every head; logits on the grid of the declared stride.

    Args:
        width: input channels.
        classes: number of classes K.
        dropout: fraction of channels dropped in training, 0..1.
        stride: of the input in image pixels; a fraction is rounded up.
        kernel: side of the convolution.

    Attributes:
        stride: image pixels per cell of the logits.
    """

    def __init__(self, width: int, classes: int, dropout: float, stride: float, kernel: int = 1) -> None:
        super().__init__()
        self.dropout = nn.Dropout2d(dropout)
        self.convolution = nn.Conv2d(width, classes, kernel, padding=kernel // 2)
        # small: the first predictions are nearly uniform, and the first gradients do not disturb what is pretrained
        nn.init.normal_(self.convolution.weight, std=0.01)
        nn.init.zeros_(self.convolution.bias)  # type: ignore[arg-type]  # typed as optional, and there by default
        self.stride = ceil(stride)

    def forward(self, map_BCHW: Tensor, image: Sequence[int]) -> Tensor:
        """Return logits_BKhw for an image of (height, width) pixels."""
        logits_BKhw: Tensor = self.convolution(self.dropout(map_BCHW))
        size = [-(-pixels // self.stride) for pixels in image]
        return logits_BKhw if list(logits_BKhw.shape[2:]) == size else resized(logits_BKhw, size)

"""Our own decoder: small, fast, and the default.

Shape suffixes: B batch, C channels, K classes, h and w height and width of the logits.
"""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from visionft.models.heads.necks import ChannelNorm, Classifier, image_size, is_plain, resized

_WIDTH = 128
_FINE_WIDTH = 64  # at stride 2, where there are four times as many cells and less to tell them by


class LiteHead(nn.Module):
    """All maps projected to one width and summed from deep to shallow, a separable 3x3 after every sum.

    Where it follows others: one linear projection per map is SegFormer's; summing on the way up, the feature
    pyramid's. SegFormer's maps see the whole image and need no more; those of a CNN do not, hence the convolutions
    and the mean of the deepest map, added to every cell of it. It ends at stride 2 where the backbone has such a map,
    which thin objects need, and else at stride 4; from coarser maps, such as the four depths of a plain ViT, learned
    upsampling leads there.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the last channels dropped in training, 0..1.

    Attributes:
        stride: image pixels per cell of the logits.

    Source:
        Xie et al. 2021, SegFormer, section 3.2 (arXiv:2105.15203); Kirillov et al. 2019, Panoptic Feature Pyramid
        Networks, section 3 (arXiv:1901.02446); the mean is ParseNet's (arXiv:1506.04579).
    """

    kind: ClassVar[str] = "lite"
    predicts: ClassVar[str] = "pixel_logits"

    def __init__(self, channels: Sequence[int], strides: Sequence[int], classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self._strides = [stride for stride in strides if stride > 1]
        self.project = nn.ModuleList(
            _projection(width, _width(stride), normed=is_plain(strides))
            for width, stride in zip(channels, strides, strict=True)
            if stride > 1
        )
        widths = [_width(stride) for stride in sorted(set(self._strides), reverse=True)]
        self.context = nn.Conv2d(widths[0], widths[0], 1)
        self.mix = nn.ModuleList(
            _separable(width, after) for width, after in zip(widths, [*widths[1:], widths[-1]], strict=True)
        )
        self.enlarge = nn.Sequential()
        stride = float(self._strides[0])
        while stride > 4:
            self.enlarge.append(_doubling(widths[-1]))
            stride /= 2
        if len(self.enlarge):
            self.enlarge.append(_separable(widths[-1], widths[-1]))
        self.classifier = Classifier(widths[-1], classes, dropout, stride)
        self.stride = self.classifier.stride

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return logits_BKhw from the backbone's maps BCHW."""
        laterals: dict[int, Tensor] = {}
        maps = maps[-len(self._strides) :]
        for stride, project, map_BChw in zip(self._strides, self.project, maps, strict=True):
            lateral_BChw = project(map_BChw)
            laterals[stride] = laterals[stride] + lateral_BChw if stride in laterals else lateral_BChw
        x_BChw, *finer = reversed(laterals.values())
        x_BChw = self.mix[0](x_BChw + self.context(x_BChw.mean((2, 3), keepdim=True)))
        for finer_BChw, mix in zip(finer, self.mix[1:], strict=True):
            x_BChw = mix(resized(x_BChw, finer_BChw.shape[2:]) + finer_BChw)
        logits_BKhw: Tensor = self.classifier(self.enlarge(x_BChw), image_size(maps, self._strides))
        return logits_BKhw


def _width(stride: int) -> int:
    return _WIDTH if stride > 2 else _FINE_WIDTH


def _projection(channels: int, width: int, *, normed: bool) -> nn.Sequential:
    norm = [ChannelNorm(channels, eps=1e-6)] if normed else []
    return nn.Sequential(*norm, nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))


def _separable(width: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
        nn.Conv2d(width, after, 1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


def _doubling(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(width, width, 2, stride=2, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
    )

"""DPT, which puts maps from four depths of a plain ViT together.

Shape suffixes: B batch, C channels, K classes, h and w height and width of the logits.
"""

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from visionft.models.heads.decoders import make_decoder
from visionft.models.heads.necks import Classifier, Neck, image_size, is_plain, nominal, on_grid

_LEVELS = (4, 8, 16, 32)
_WIDTH = 256


class DptHead(nn.Module):
    """Reassembles four maps at strides 4 to 32, fuses them from deep to shallow, and classifies at stride 2.

    A plain ViT's four depths are fed directly and each is brought to another stride, as in the paper; the class token,
    which the maps of a backbone do not hold, is left out (the paper's readout "ignore"). Other backbones have these
    strides already, as has the convolutional half of the paper's hybrid.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the last channels dropped in training, 0..1.

    Attributes:
        stride: image pixels per cell of the logits.

    Source:
        Ranftl et al. 2021, Vision Transformers for Dense Prediction (arXiv:2103.13413).
    """

    kind: ClassVar[str] = "dpt"
    predicts: ClassVar[str] = "pixel_logits"

    def __init__(self, channels: Sequence[int], strides: Sequence[int], classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.levels: nn.Module = _Depths(channels, strides) if is_plain(strides) else Neck(channels, strides, _LEVELS)
        deepest = channels[-1]
        self.decoder = make_decoder(
            "dpt:DPTDecoder",
            encoder_out_channels=self.levels.channels,
            encoder_output_strides=[nominal(strides[-1])] * 4 if is_plain(strides) else _LEVELS,
            encoder_has_prefix_tokens=False,
            readout="ignore",
            # of the embedding; for ViT-B these are the paper's own 96, 192, 384, 768
            intermediate_channels=[max(8, deepest // divisor) for divisor in (8, 4, 2, 1)],
            fusion_channels=_WIDTH,
        )
        self.refine = nn.Sequential(
            nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1, bias=False), nn.BatchNorm2d(_WIDTH), nn.ReLU(inplace=True)
        )
        stride = 2 * strides[-1] / nominal(strides[-1])
        self.classifier = Classifier(_WIDTH, classes, dropout, stride)
        self.stride = self.classifier.stride
        self._strides = tuple(strides)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return logits_BKhw from the backbone's maps BCHW."""
        fused_BChw = self.decoder(self.levels(maps), [None] * 4)
        logits_BKhw: Tensor = self.classifier(self.refine(fused_BChw), image_size(maps, self._strides))
        return logits_BKhw


class _Depths(nn.Module):
    """Four maps of a plain ViT as they are, on a grid that can be halved."""

    def __init__(self, channels: Sequence[int], strides: Sequence[int]) -> None:
        super().__init__()
        count = len(channels)
        self._picked = [(count * quarter - 1) // 4 for quarter in (1, 2, 3, 4)]  # a tiny ViT has fewer than four
        self._nominal = nominal(strides[-1])
        self.channels = [channels[index] for index in self._picked]

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        deepest = max(_LEVELS)
        cells = [-(-count * self._nominal // deepest) for count in maps[-1].shape[2:]]
        return [on_grid(maps[index], self._nominal, deepest, cells) for index in self._picked]

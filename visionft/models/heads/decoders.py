"""The decoders of segmentation-models-pytorch on the maps of our own backbones.

Shape suffixes: B batch, C channels, K classes, h and w height and width of the logits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

from torch import Tensor, nn

from visionft.errors import RecipeError
from visionft.models.heads.necks import Classifier, Neck, image_size

_ALL = (1, 2, 4, 8, 16, 32)
_U_SHAPED = {"n_blocks": 5, "decoder_channels": (256, 128, 64, 32, 16)}


@dataclass(frozen=True, slots=True)
class Decoder:
    """How a decoder is built and what surrounds it, with the widths that its library takes by default.

    Attributes:
        path: ``module:Class`` below ``segmentation_models_pytorch.decoders``.
        width: channels of what it returns.
        stride: nominal stride of what it returns.
        kernel: side of the classifying convolution.
        levels: nominal strides of the maps that it takes.
        least: cells of the deepest level on the shorter side; with fewer, its pooling leaves nothing.
        options: of its constructor.
    """

    path: str
    width: int
    stride: int = 4
    kernel: int = 1
    levels: tuple[int, ...] = _ALL
    least: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)


class DecoderHead(nn.Module):
    """A decoder and a classifying convolution.

    Args:
        channels: of the backbone's maps, shallow to deep.
        strides: of the backbone's maps.
        classes: number of classes K.
        dropout: fraction of the last channels dropped in training, 0..1.

    Attributes:
        stride: image pixels per cell of the logits.
    """

    kind: ClassVar[str]
    predicts: ClassVar[str] = "pixel_logits"
    decoder_of: ClassVar[Decoder]

    def __init__(self, channels: Sequence[int], strides: Sequence[int], classes: int, dropout: float = 0.0) -> None:
        super().__init__()
        settings = self.decoder_of
        self.levels = Neck(channels, strides, settings.levels)
        self.decoder = make_decoder(settings.path, encoder_channels=self.levels.channels, **settings.options)
        stride = settings.stride * self.levels.unit
        self.classifier = Classifier(settings.width, classes, dropout, stride, settings.kernel)
        self.stride = self.classifier.stride
        self._strides = tuple(strides)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return logits_BKhw from the backbone's maps BCHW.

        Raises:
            RecipeError: when the image is too small for the decoder.
        """
        levels = self.levels(maps)
        settings = self.decoder_of
        if min(levels[-1].shape[2:]) < settings.least:
            least = round(settings.least * settings.levels[-1] * self.levels.unit)
            raise RecipeError(
                f"head {self.kind!r}: the image is too small; it needs {least} pixels on the shorter side; "
                "set input.size to that or more, or take another head"
            )
        logits_BKhw: Tensor = self.classifier(self.decoder(levels), image_size(maps, self._strides))
        return logits_BKhw


def make_decoder(path: str, **options: Any) -> nn.Module:
    """Build a decoder of segmentation-models-pytorch; the library is imported here, since that takes a while."""
    module, _, name = path.partition(":")
    package = "segmentation_models_pytorch"
    decoder: nn.Module = getattr(import_module(f"{package}.decoders.{module}.decoder"), name)(**options)
    import_module(f"{package}.base.initialization").initialize_decoder(decoder)
    for pooled in [m for m in decoder.modules() if isinstance(m, nn.Sequential) and _pools_to_one_cell(m)]:
        _replace_batch_norms(pooled)
    return decoder


def _pools_to_one_cell(module: nn.Sequential) -> bool:
    return isinstance(module[0], nn.AdaptiveAvgPool2d) and module[0].output_size in (1, (1, 1))


def _replace_batch_norms(pooled: nn.Module) -> None:
    """Put a group norm where a batch norm would see one cell per image, and fail on a last batch of one image."""
    for parent in pooled.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, nn.GroupNorm(1, child.num_features))


class UnetHead(DecoderHead):
    """U-Net. Source: Ronneberger et al. 2015 (arXiv:1505.04597)."""

    kind = "unet"
    decoder_of = Decoder("unet:UnetDecoder", width=16, stride=1, kernel=3, options=_U_SHAPED)


class FpnHead(DecoderHead):
    """Feature pyramid. Source: Kirillov et al. 2019, Panoptic Feature Pyramid Networks (arXiv:1901.02446)."""

    kind = "fpn"
    decoder_of = Decoder("fpn:FPNDecoder", width=128, levels=_ALL[2:], options={"dropout": 0.0})


class DeepLabV3PlusHead(DecoderHead):
    """DeepLabV3+. Source: Chen et al. 2018 (arXiv:1802.02611), with its rates for stride 16."""

    kind = "deeplabv3plus"
    decoder_of = Decoder(
        "deeplabv3:DeepLabV3PlusDecoder",
        width=256,
        levels=(1, 2, 4, 16),
        options={
            "encoder_depth": 4,
            "out_channels": 256,
            "atrous_rates": (6, 12, 18),
            "output_stride": 16,
            "aspp_separable": True,
            "aspp_dropout": 0.0,
        },
    )


class SegformerHead(DecoderHead):
    """SegFormer's all-MLP decoder. Source: Xie et al. 2021 (arXiv:2105.15203)."""

    kind = "segformer"
    decoder_of = Decoder("segformer:SegformerDecoder", width=256)


class UperNetHead(DecoderHead):
    """UPerNet. Source: Xiao et al. 2018, Unified Perceptual Parsing (arXiv:1807.10221)."""

    kind = "upernet"
    decoder_of = Decoder("upernet:UPerNetDecoder", width=256)


class PanHead(DecoderHead):
    """Pyramid attention. Source: Li et al. 2018 (arXiv:1805.10180)."""

    kind = "pan"
    decoder_of = Decoder(
        "pan:PANDecoder",
        width=32,
        kernel=3,
        levels=_ALL[:5],
        least=8,
        options={"encoder_depth": 4, "decoder_channels": 32},
    )


class LinknetHead(DecoderHead):
    """LinkNet. Source: Chaurasia and Culurciello 2017 (arXiv:1707.03718)."""

    kind = "linknet"
    decoder_of = Decoder("linknet:LinknetDecoder", width=32, stride=1, options={"n_blocks": 5, "prefinal_channels": 32})


class ManetHead(DecoderHead):
    """Multi-scale attention. Source: Fan et al. 2020, MA-Net (doi:10.1109/ACCESS.2020.3025372)."""

    kind = "manet"
    decoder_of = Decoder("manet:MAnetDecoder", width=16, stride=1, kernel=3, options=_U_SHAPED)

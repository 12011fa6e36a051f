"""Classification networks of torchvision.

Shape suffixes: B batch, C channels, H height, W width, D embedding.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn
from torchvision import models
from torchvision.ops import StochasticDepth

from visionft.errors import RecipeError, UnknownName
from visionft.models.backbones import torchvision_vit as vit
from visionft.models.backbones.family import Built, HubFile
from visionft.models.backbones.names import FamilyName
from visionft.spec import InputSpec

# These two apply ImageNet statistics in another scale inside, and have auxiliary classifiers for training.
_INCEPTION_OPTIONS = {"aux_logits": False, "transform_input": True, "init_weights": True}
_OPTIONS: dict[str, dict[str, Any]] = {"googlenet": _INCEPTION_OPTIONS, "inception_v3": _INCEPTION_OPTIONS}


class TorchvisionFamily:
    """Every classification network of torchvision: its layers in order of registration, its last layer cut off."""

    name: FamilyName = "torchvision"

    def build(self, network: str, drop_path: float, image_size: tuple[int, int] | None) -> Built:  # noqa: ARG002  no network of torchvision is built for another size
        """Build a network with random weights and without its classifier.

        Raises:
            UnknownName: when the network has no weights of the given tag.
            RecipeError: when drop path is asked of a network that has none.
        """
        architecture, _, tag = network.partition(".")
        published = models.get_model_weights(architecture)
        if tag and tag not in published.__members__:
            raise UnknownName(f"tag of backbone {architecture}", tag, published.__members__)
        weights = published[tag or "DEFAULT"]
        options = dict(_OPTIONS.get(architecture, {}))
        if architecture.startswith("vit_"):
            options["image_size"] = weights.meta["min_size"][0]
        built = models.get_model(architecture, weights=None, **options)
        _cut_classifier(built)
        _set_drop_path(built, drop_path, architecture)
        return Built(built, _input(weights), HubFile(url=weights.url, repo="", licence="unknown"))

    def runs(self, network: nn.Module) -> bool:  # noqa: ARG002  torchvision's registry holds its own networks
        """Say yes."""
        return True

    def maps(self, network: nn.Module, images_BCHW: Tensor, indices: Sequence[int] | None) -> list[Tensor]:
        """Return the output of layers, shallow to deep."""
        if isinstance(network, models.VisionTransformer):
            return vit.maps(network, images_BCHW, indices)
        features_BCHW = images_BCHW
        if isinstance(network, models.GoogLeNet | models.Inception3):
            features_BCHW = network._transform_input(images_BCHW)
        maps = []
        for index, layer in enumerate(_layers(network)):
            features_BCHW = layer(features_BCHW)
            if indices is None or index in indices:
                maps.append(features_BCHW)
        if isinstance(network, models.SwinTransformer):  # its layers work on BHWC
            return [features_BHWC.permute(0, 3, 1, 2).contiguous() for features_BHWC in maps]
        return maps

    def embed(self, network: nn.Module, images_BCHW: Tensor) -> Tensor:
        """Return what the cut-off classifier would get."""
        if isinstance(network, models.VisionTransformer):
            return vit.embed(network, images_BCHW)
        embedding_BD: Tensor = network(images_BCHW)
        return embedding_BD

    def reductions(self, network: nn.Module) -> tuple[int, ...]:  # noqa: ARG002  the same for all
        """Return nothing: torchvision declares no strides."""
        return ()


def _layers(network: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers up to the pooling, in the order in which the networks both register and run them."""
    for name, child in network.named_children():
        if name in ("permute", "avgpool", "dropout", "classifier", "fc"):
            return
        if isinstance(child, nn.Sequential | nn.ModuleList):
            yield from child
        else:
            yield child


def _cut_classifier(network: nn.Module) -> None:
    """Put the identity in the place of the last linear or convolutional layer and of the dropout before it."""
    linear = [name for name, module in network.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]
    holder_name, _, last = linear.rpartition(".")
    holder = network.get_submodule(holder_name)
    before = [name for name, _ in holder.named_children()]
    previous = before[before.index(last) - 1]
    setattr(holder, last, nn.Identity())
    if isinstance(getattr(holder, previous), nn.Dropout):  # whoever puts a head here decides on its dropout
        setattr(holder, previous, nn.Identity())


def _set_drop_path(network: nn.Module, drop_path: float, name: str) -> None:
    """Let the rate rise from 0 in the first block to its full value in the last, as the networks do themselves."""
    depths = [module for module in network.modules() if isinstance(module, StochasticDepth)]
    if drop_path and not depths:
        raise RecipeError(f"backbone {name!r}: the network has no drop path; set backbone.drop_path: 0")
    for index, module in enumerate(depths):
        module.p = drop_path * index / max(1, len(depths) - 1)


def _input(weights: Any) -> InputSpec:
    preset = weights.transforms()
    (size,), (resized,) = preset.crop_size, preset.resize_size
    return InputSpec(
        height=size,
        width=size,
        crop_pct=size / resized,
        interpolation=preset.interpolation.value,
        mean=tuple(preset.mean),
        std=tuple(preset.std),
    )

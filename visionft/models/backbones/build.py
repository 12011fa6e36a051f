"""Builds the network of a backbone and fills it with weights."""

import hashlib
from typing import NamedTuple

from torch import nn

from visionft.errors import RecipeError
from visionft.models.backbones.family import Built, Family
from visionft.models.backbones.loading import fill
from visionft.models.backbones.module_family import ModuleFamily, default_input, require_module
from visionft.models.backbones.names import LibraryName, resolve
from visionft.models.backbones.sources import WeightsInfo, find_source
from visionft.models.backbones.weights_file import read_file
from visionft.spec import InputSpec


class Filled(NamedTuple):
    """A network with its weights.

    Attributes:
        network: without its classifier.
        family: knows how to run it.
        name: of the network in its family.
        input: the input that the weights were made for.
        weights: where they come from.
    """

    network: nn.Module
    family: Family
    name: str
    input: InputSpec
    weights: WeightsInfo


def build_network(
    network: str | nn.Module, weights: str, drop_path: float, image_size: tuple[int, int] | None
) -> Filled:
    """Build a network, unless it is there already, and fill it with weights; see ``Backbone``."""
    if isinstance(network, nn.Module):
        require_module(network, type(network).__name__)
        return _as_built(Built(network, default_input(network), None), type(network).__name__, weights, drop_path)
    if not isinstance(network, str):
        raise RecipeError(
            f"backbone: an object of type {type(network).__name__}; give a network's name, or an nn.Module"
        )
    family_name, name = resolve(network)
    if family_name == "module":
        return _as_built(ModuleFamily().build(name, drop_path, image_size), name, weights, drop_path)
    library = _library(family_name)
    built = library.build(name, drop_path, image_size)
    info = _fill(built, family_name, name, weights)
    # timm's registry takes any module; one that has none of timm's interface is run as a user's own
    family = library if library.runs(built.network) else ModuleFamily()
    return Filled(built.network, family, name, built.input, info)


def _library(name: LibraryName) -> Family:
    if name == "timm":
        from visionft.models.backbones.timm_family import TimmFamily

        return TimmFamily()
    from visionft.models.backbones.torchvision_family import TorchvisionFamily

    return TorchvisionFamily()


def _as_built(built: Built, name: str, weights: str, drop_path: float) -> Filled:
    """Take a module with the weights that it has, unless a file is named."""
    if drop_path:
        raise RecipeError(f"backbone {name!r}: drop path is for the module itself to do; set backbone.drop_path: 0")
    info = WeightsInfo(f"as {type(built.network).__name__} has made them", "unknown")
    if weights not in ("pretrained", "none"):
        info = _fill(built, "module", name, weights)
    return Filled(built.network, ModuleFamily(), name, built.input, info)


def _fill(built: Built, family: str, network: str, weights: str) -> WeightsInfo:
    source = find_source(weights, family, network, built.hub)
    if source is None:
        return WeightsInfo("none: random initialisation", "none")
    how = fill(built.network, read_file(source.path), built.remap, str(source.path))
    with source.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return WeightsInfo(f"{source.origin}, {how}", source.licence, sha256)

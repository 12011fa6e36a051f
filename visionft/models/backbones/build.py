"""Puts network, weights and depth groups together."""

import hashlib

from visionft.models.backbones.backbone import Backbone
from visionft.models.backbones.family import Built, Family, ImageSize
from visionft.models.backbones.loading import fill, read_state
from visionft.models.backbones.names import FamilyName, resolve
from visionft.models.backbones.sources import WeightsInfo, find_source


def build_backbone(
    name: str, weights: str = "pretrained", *, drop_path: float = 0.0, image_size: ImageSize | None = None
) -> Backbone:
    """Build a backbone and fill it with weights.

    Args:
        name: ``resnet50`` (timm first, then torchvision), ``timm/resnet50`` or ``torchvision/resnet50``; a tag
            that names one of several sets of weights may follow, as in ``resnet50.a1_in1k``.
        weights: ``pretrained`` (hub cache, then an installed package, then a download), ``package``, ``none``
            for random weights, or a path to a safetensors, .pth or .pt file.
        drop_path: probability in [0, 1) of skipping the deepest residual branch; less in shallower ones.
        image_size: of the images to come, one side for a square or (height, width) in pixels; none for the size
            that the weights were made for.

    Returns:
        The backbone in training mode, every group trainable.

    Raises:
        UnknownName: when there is no such network or tag.
        RecipeError: when the network cannot take this size or drop path.
        WeightsError: when the weights cannot be had or would not fill the network completely.
    """
    family_name, network = resolve(name)
    family = _family(family_name)
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    built = family.build(network, drop_path, size)
    info = _fill(built, family_name, network, weights)
    return Backbone(built.network, family, network, built.input, info, size)


def _family(name: FamilyName) -> Family:
    if name == "timm":
        from visionft.models.backbones.timm_family import TimmFamily

        return TimmFamily()
    from visionft.models.backbones.torchvision_family import TorchvisionFamily

    return TorchvisionFamily()


def _fill(built: Built, family: FamilyName, network: str, weights: str) -> WeightsInfo:
    source = find_source(weights, family, network, built.hub)
    if source is None:
        return WeightsInfo("none: random initialisation", "none")
    how = fill(built.network, read_state(source.path), built.remap, str(source.path))
    with source.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return WeightsInfo(f"{source.origin}, {how}", source.licence, sha256)

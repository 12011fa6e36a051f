"""Pretrained networks of timm and torchvision behind one class.

The names below are loaded when first used, so that listing names costs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from visionft.backbones.names import backbone_names

if TYPE_CHECKING:
    from visionft.backbones.backbone import Backbone, Norm
    from visionft.backbones.build import build_backbone
    from visionft.backbones.groups import DepthGroup
    from visionft.backbones.sources import WeightsInfo

_HOME = {
    "Backbone": "visionft.backbones.backbone",
    "DepthGroup": "visionft.backbones.groups",
    "Norm": "visionft.backbones.backbone",
    "WeightsInfo": "visionft.backbones.sources",
    "build_backbone": "visionft.backbones.build",
}

__all__ = ["Backbone", "DepthGroup", "Norm", "WeightsInfo", "backbone_names", "build_backbone"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'visionft.backbones' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)

"""Networks of timm and torchvision, and any ``nn.Module``, behind one class.

The names below are loaded when first used, so that listing names costs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from visionft.models.backbones.names import BACKBONES, backbone_names

if TYPE_CHECKING:
    from visionft.models.backbones.backbone import Backbone
    from visionft.models.backbones.groups import DepthGroup
    from visionft.models.backbones.sources import WeightsInfo

_HOME = {
    "Backbone": "visionft.models.backbones.backbone",
    "DepthGroup": "visionft.models.backbones.groups",
    "WeightsInfo": "visionft.models.backbones.sources",
}

__all__ = ["BACKBONES", "Backbone", "DepthGroup", "WeightsInfo", "backbone_names"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'visionft.models.backbones' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)

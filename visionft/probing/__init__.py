"""Which pretrained network suits some data, and what its features say of them, before anything is trained."""

from visionft.probing.choices import SMALL, BackboneChoice, parse_backbones
from visionft.probing.result import ProbeResult, ProbeRow
from visionft.probing.run import probe

__all__ = ["SMALL", "BackboneChoice", "ProbeResult", "ProbeRow", "parse_backbones", "probe"]

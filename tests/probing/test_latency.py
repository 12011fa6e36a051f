"""The milliseconds of an exported file: measured once for a network, and unknown where it cannot be exported."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from visionft.models.backbones import Backbone
from visionft.probing import latency as module
from visionft.probing.latency import latency


@pytest.fixture
def backbone(monkeypatch, tmp_path):
    monkeypatch.setenv("VISIONFT_CACHE", str(tmp_path / "cache"))
    return Backbone("test_resnet", "none", image_size=32)


def test_it_is_measured_once(backbone, monkeypatch):
    spec = backbone.input
    first = latency(backbone, spec, maps=False)
    assert first > 0
    monkeypatch.setattr(module, "_measured", lambda *_, **kinds: 7.0)
    again = Backbone("test_resnet", "none", image_size=32)  # of other weights
    assert latency(again, spec, maps=False) == first
    assert latency(again, spec, maps=True) == 7.0
    assert latency(again, replace(again.input, height=64), maps=False) == 7.0


def test_a_damaged_file_is_measured_anew(backbone, monkeypatch, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "latencies.json").write_text("[")
    monkeypatch.setattr(module, "_measured", lambda *_, **kinds: 7.0)
    assert latency(backbone, backbone.input, maps=False) == 7.0
    monkeypatch.setattr(module, "_measured", lambda *_, **kinds: 8.0)
    assert latency(backbone, backbone.input, maps=False) == 7.0


class Odd(nn.Module):
    """Looks at values, which no export can."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=4, padding=1)

    def forward(self, images):
        found = self.conv(images)
        return [found * 2 if float(found.sum()) > 0 else found]


def test_it_is_unknown_where_nothing_can_be_exported(monkeypatch, tmp_path):
    monkeypatch.setenv("VISIONFT_CACHE", str(tmp_path))
    torch.manual_seed(0)
    backbone = Backbone(Odd(), "none", image_size=32)
    assert latency(backbone, backbone.input, maps=True) is None

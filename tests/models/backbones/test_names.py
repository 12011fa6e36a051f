import subprocess
import sys

import pytest
import timm
import torchvision

from visionft.errors import UnknownName
from visionft.models.backbones.names import backbone_names, network_names, resolve


def test_names_are_those_the_libraries_register():
    assert network_names("timm") == set(timm.list_models())
    assert network_names("torchvision") == set(torchvision.models.list_models(module=torchvision.models))


def test_every_name_says_its_family():
    names = backbone_names()

    assert {"timm/resnet50", "torchvision/resnet50"} <= set(names)
    assert names == sorted(set(names))


def test_listing_imports_no_torch():
    code = "import sys, visionft.models.backbones as b; b.backbone_names(); assert 'torch' not in sys.modules"

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("name", "family", "network"),
    [
        ("resnet50", "timm", "resnet50"),
        ("alexnet", "torchvision", "alexnet"),
        ("torchvision/resnet50", "torchvision", "resnet50"),
        ("timm/resnet50.a1_in1k", "timm", "resnet50.a1_in1k"),
    ],
)
def test_a_bare_name_is_looked_up_in_timm_first(name, family, network):
    assert resolve(name) == (family, network)


@pytest.mark.parametrize(
    ("name", "close"),
    [("resnet5O", "resnet50"), ("timm/alexnett", "timm/"), ("keras/resnet50", "timm/resnet50")],
)
def test_an_unknown_name_comes_with_close_ones(name, close):
    with pytest.raises(UnknownName, match=close):
        resolve(name)

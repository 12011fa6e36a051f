"""Networks of timm that a repository or a folder describes."""

import json

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.models import _hub

from visionft.errors import RecipeError, WeightsError
from visionft.models.backbones import Backbone
from visionft.models.backbones.names import resolve

CONFIG = {
    "architecture": "test_resnet",
    "num_classes": 10,
    "pretrained_cfg": {"input_size": [3, 96, 96], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "license": "mit"},
}


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(3)
    save_file(timm.create_model("test_resnet", num_classes=10).state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def test_a_folder_gives_network_input_and_weights(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)

    backbone = Backbone(f"local-dir:{folder.name}", image_size=64)

    torch.manual_seed(3)
    made = timm.create_model("test_resnet", num_classes=10)
    assert torch.equal(backbone.network.conv1[0].weight, made.conv1[0].weight)
    assert backbone.input.mean == (0.5, 0.5, 0.5)
    assert backbone.weights.source.startswith(f"folder {folder}")
    assert backbone.weights.licence == "mit"


def test_a_folder_without_weights_or_config_is_told(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"none of model.safetensors, pytorch_model.bin in "):
        Backbone(f"local-dir:{folder}")
    assert Backbone(f"local-dir:{folder}", "none").input.height == 96
    (folder / "config.json").unlink()
    with pytest.raises(RecipeError, match=r"config\.json"):
        Backbone(f"local-dir:{folder}", "none")


@pytest.mark.parametrize("name", ["hf-hub:timm/mine", "hf_hub:timm/mine", "timm/hf-hub:timm/mine"])
def test_a_repository_is_timms_to_ask(folder, monkeypatch, name):
    asked = []

    def download(repo_id, filename, **_):
        asked.append((repo_id, filename))
        return str(folder / filename)

    monkeypatch.setattr(_hub, "hf_hub_download", download)

    assert Backbone(name, "none").input.height == 96
    assert set(asked) == {("timm/mine", "config.json")}
    assert resolve(name) == ("timm", "hf-hub:timm/mine")


def test_a_repository_that_cannot_be_had_is_told(monkeypatch):
    def download(repo_id, filename, **_):
        raise OSError("no network here")

    monkeypatch.setattr(_hub, "hf_hub_download", download)

    with pytest.raises(RecipeError, match=r"'hf-hub:timm/mine'.*no network here"):
        Backbone("hf-hub:timm/mine", "none")

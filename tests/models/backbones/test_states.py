"""Checkpoints as training scripts write them: the right tensors of each, and nothing guessed."""

import socket

import huggingface_hub
import pytest
import timm
import torch
from torch import Tensor, nn

from visionft.errors import WeightsError
from visionft.models.backbones import Backbone
from visionft.models.backbones.loading import fill

State = dict[str, Tensor]


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1))


def random_state() -> State:
    return {name: torch.rand(tensor.shape) for name, tensor in network().state_dict().items()}


STATE, OTHER = random_state(), random_state()


def under(prefix: str, state: State = STATE) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


HEAD = {"neck.conv.weight": torch.ones(2), "head.weight": torch.ones(2)}
WRAPPED = {
    **{
        key: {key: STATE, "epoch": 3, "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}}}
        for key in ("model_state_dict", "state_dict", "net", "weights", "params", "model", "my_own_key")
    },
    **{prefix: under(prefix) for prefix in ("module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "net.")},
    "the average": {"model": OTHER, "model_ema": STATE},
    "the average first": {"ema": STATE, "model": OTHER},
    "the average of timm": {"state_dict": OTHER, "state_dict_ema": STATE},
    "the average of basicsr": {"params": OTHER, "params_ema": STATE},
    "Lightning with a criterion": {"state_dict": {**under("model."), "criterion.weight": torch.ones(3)}, "epoch": 3},
    "mmdetection": {"state_dict": {**under("backbone."), **HEAD}, "meta": {"epoch": 3}},
    "MoCo": {"state_dict": {**under("module.encoder_k.", OTHER), **under("module.encoder_q.")}},
    "DINO": {"student": under("module.backbone.", OTHER), "teacher": {**under("backbone."), "head.w": torch.ones(2)}},
    "encoder and decoder": {**under("encoder."), "decoder.weight": torch.ones(2)},
    "exported": {"train_model": {}, "model_state_dict": STATE},
    "two levels": {"checkpoint": {"model": {"state_dict": STATE}}},
    "a run of our own": {**under("backbone.network."), "head.linear.weight": torch.ones(2)},
    "twice the same": {"model": STATE, "state_dict": dict(STATE)},
}


@pytest.mark.parametrize("how", WRAPPED)
def test_the_networks_tensors_are_found(how):
    filled = network()

    told = fill(filled, WRAPPED[how], None, "x.pth")

    assert all(torch.equal(tensor, STATE[name]) for name, tensor in filled.state_dict().items() if tensor.ndim)
    assert "8 tensors matched by name" in told or "7 tensors matched by name" in told


def test_it_is_told_which_were_taken_and_what_was_not():
    told = fill(network(), WRAPPED["the average"], None, "x.pth")
    assert "under 'model_ema' (not 'model')" in told

    told = fill(network(), WRAPPED["mmdetection"], None, "x.pth")
    assert "under 'state_dict' / 'backbone.'; not used: 2 (neck.conv.weight, head.weight)" in told


@pytest.mark.parametrize("content", [{"a": STATE, "b": OTHER}, {**under("left."), **under("right.", OTHER)}])
def test_two_networks_of_which_nothing_tells_the_one_are_not_guessed(content):
    with pytest.raises(WeightsError, match=r"two networks in it fit.*save the one that is meant"):
        fill(network(), content, None, "x.pth")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, {"train_model": {}}, {"optimizer": {"m": torch.ones(2)}}])
def test_a_file_without_tensors_is_told(content):
    with pytest.raises(WeightsError, match="holds no tensors"):
        fill(network(), content, None, "x.pth")


@pytest.mark.parametrize("prefix", ["backbone.", "module.encoder_q."])
def test_foreign_names_are_found_beside_others(prefix):
    filled, foreign = network(), {f"layer{name}": t for name, t in STATE.items() if not name.endswith("tracked")}

    told = fill(filled, {**under(prefix, foreign), **HEAD, "queue": torch.ones(2)}, None, "x.pth")

    assert torch.equal(filled[0].weight, STATE["0.weight"])
    assert "in order" in told


@pytest.fixture
def no_network(monkeypatch):
    """Count what asks for a connection."""
    asked: list[str] = []

    def refuse(*arguments, **_):
        asked.append(str(arguments))
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    return asked


@pytest.mark.parametrize("content", [{}, {"train_model": {}}, {"fc.weight": torch.ones(2)}, {"net": "nothing"}])
def test_a_file_that_does_not_fit_asks_no_hub(tmp_path, no_network, content):
    torch.save(content, tmp_path / "x.pth")

    with pytest.raises(WeightsError):
        Backbone("test_resnet", str(tmp_path / "x.pth"))
    assert no_network == []


def test_a_pretrained_vit_at_another_size_comes_from_the_teacher(tmp_path, no_network):
    torch.manual_seed(0)
    made = timm.create_model("test_vit", img_size=64, num_classes=0)
    state = {**{f"backbone.{name}": tensor for name, tensor in made.state_dict().items()}, "head.mlp": torch.ones(2)}
    torch.save({"teacher": state, "student": {"x.y": torch.ones(2)}}, tmp_path / "dino.pth")

    backbone = Backbone("test_vit", str(tmp_path / "dino.pth"))  # positions of 10 x 10 patches, not of 4 x 4

    assert torch.equal(backbone.network.patch_embed.proj.weight, made.patch_embed.proj.weight)
    assert "library's rules" in backbone.weights.source
    assert no_network == []

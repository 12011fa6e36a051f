"""Freezing, norm policies and image sizes, on networks small enough to be sure of every tensor."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from visionft.errors import RecipeError, UnknownName
from visionft.models.backbones import Backbone


@pytest.fixture
def resnet() -> Backbone:
    torch.manual_seed(0)
    backbone = Backbone("test_resnet", "none", image_size=64)
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)  # a residual branch that ends in zero has no gradient
    return backbone


def names_of(backbone: Backbone) -> list[str]:
    return [group.name for group in backbone.groups]


def changed_by_a_step(backbone: Backbone) -> set[str]:
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    backbone.train()
    images_BCHW = torch.randn(4, 3, 64, 64)
    (backbone.embed(images_BCHW) * torch.randn(backbone.embedding_dim)).sum().backward()
    torch.optim.SGD(backbone.parameters(), lr=0.1).step()
    return {name for name, tensor in backbone.state_dict().items() if not torch.equal(tensor, before[name])}


def norm_tensors(backbone: Backbone, group: str, names: tuple[str, ...]) -> set[str]:
    """Names of tensors of the batch norms of a group."""
    return {
        f"{name}.{tensor}"
        for name, module in backbone.named_modules()
        if isinstance(module, nn.BatchNorm2d) and name.startswith(f"network.{group}")
        for tensor in names
    }


AFFINE = ("weight", "bias")
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@pytest.mark.parametrize(
    ("norm", "moving", "still"),
    [("frozen", (), AFFINE + STATISTICS), ("affine", AFFINE, STATISTICS), ("all", AFFINE + STATISTICS, ())],
)
def test_norm_policies(resnet, norm, moving, still):
    last = names_of(resnet)[-1]
    resnet.set_trainable([last], norm)

    changed = changed_by_a_step(resnet)

    assert changed
    assert all(name.startswith(f"network.{last}.") for name in changed)
    assert norm_tensors(resnet, last, moving) <= changed
    assert changed.isdisjoint(norm_tensors(resnet, last, still))
    assert f"network.{last}.conv1.weight" in changed


def test_freezing_survives_switching_modes(resnet):
    resnet.set_trainable(["layer4.0"], "affine")

    for _ in range(2):
        resnet.train()
        assert not resnet.network.layer1.training
        assert resnet.network.layer4[0].conv1.training
        assert not resnet.network.layer4[0].bn1.training
        resnet.eval()
        assert not any(module.training for module in resnet.modules())


def test_a_parent_that_switches_modes_does_not_thaw(resnet):
    resnet.set_trainable([], "all")

    whole = nn.Sequential(resnet, nn.Linear(2, 2)).train()

    assert whole[1].training
    assert not any(module.training for module in resnet.network.modules())


def test_thawing_restores_everything(resnet):
    resnet.set_trainable(["layer4.0"], "frozen")
    resnet.set_trainable(names_of(resnet), "all")

    assert all(parameter.requires_grad for parameter in resnet.parameters())
    assert all(module.training for module in resnet.train().modules())


def test_a_copy_freezes_on_its_own(resnet):
    resnet.set_trainable(["layer4.0"], "all")

    twin = deepcopy(resnet)
    twin.set_trainable(["stem"], "all")

    assert not resnet.network.conv1[0].weight.requires_grad
    assert twin.train().network.conv1.training
    assert not resnet.train().network.conv1.training


def test_drop_path_of_frozen_blocks_is_off():
    backbone = Backbone("test_vit", "none", drop_path=0.5, image_size=32)
    backbone.set_trainable([], "all")
    backbone.train()
    images_BCHW = torch.randn(2, 3, 32, 32)

    assert torch.equal(backbone.embed(images_BCHW), backbone.embed(images_BCHW))

    backbone.set_trainable(names_of(backbone), "all")
    assert not torch.equal(backbone.embed(images_BCHW), backbone.embed(images_BCHW))


def test_unknown_groups_are_refused(resnet):
    with pytest.raises(UnknownName, match=r"layer9.*close: layer4.0"):
        resnet.set_trainable(["layer9.0"], "all")


@pytest.mark.parametrize("size", [160, 192, 224, 300])
@pytest.mark.parametrize("name", ["test_vit", "test_vit3", "test_resnet", "tf_efficientnet_lite0"])
def test_flexible_networks_take_every_size_without_new_shapes(name, size):
    usual = Backbone(name, "none")
    backbone = Backbone(name, "none", image_size=size)

    backbone.check_size(size, size + 32)

    assert backbone.input.height == size
    assert backbone.embed(torch.zeros(1, 3, size, size)).shape == (1, backbone.embedding_dim)
    assert {n: t.shape for n, t in usual.state_dict().items()} == {n: t.shape for n, t in backbone.state_dict().items()}


def test_a_fixed_network_says_which_size_it_takes():
    backbone = Backbone("test_vit_relpos", "none")

    with pytest.raises(RecipeError, match=r"cannot take images of 96 x 64 pixels .* made for 160 x 160"):
        backbone.check_size(64, 96)


def test_a_fixed_network_can_be_built_for_another_size():
    Backbone("test_vit_relpos", "none", image_size=64).check_size(64, 64)


@pytest.mark.parametrize("name", ["test_vit_relpos", "swin_tiny_patch4_window7_224", "torchvision/swin_t"])
def test_a_size_may_be_taller_than_wide(name):
    backbone = Backbone(name, "none", image_size=(96, 64)).eval()

    maps = backbone(torch.zeros(1, 3, 96, 64))

    assert (backbone.input.height, backbone.input.width) == (96, 64)
    assert [map_BCHW.shape[1:] for map_BCHW in maps] == [
        (channels, 96 // stride, 64 // stride)
        for channels, stride in zip(backbone.channels, backbone.strides, strict=True)
    ]


def test_the_stride_is_the_deepest(resnet):
    assert resnet.stride == max(resnet.strides) == 32


def test_looking_at_a_size_leaves_no_trace(resnet):
    resnet.train()
    before = {name: tensor.clone() for name, tensor in resnet.state_dict().items()}

    resnet.check_size(96, 64)

    assert all(module.training for module in resnet.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in resnet.state_dict().items())

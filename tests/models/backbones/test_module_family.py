"""Networks of the user's own: any module, and what a program has registered with timm.

Shape suffixes: B batch, C channels, H height, W width.
"""

import copy
import pickle

import pytest
import timm
import torch
from torch import nn

from visionft.errors import RecipeError, UnknownName
from visionft.models.backbones import BACKBONES, Backbone, backbone_names
from visionft.models.backbones.names import resolve
from visionft.spec import InputSpec


class Block(nn.Module):
    def __init__(self, into, out, stride):
        super().__init__()
        self.first = nn.Conv2d(into, out, 3, stride, 1)
        self.norm = nn.BatchNorm2d(out)
        self.second = nn.Conv2d(out, out, 3, 1, 1)

    def forward(self, images_BCHW):
        return self.second(self.norm(self.first(images_BCHW)).relu()).relu()


class Pyramid(nn.Module):
    """Three maps at strides 2, 4 and 8."""

    kind = "pyramid"

    def __init__(self):
        super().__init__()
        self.stem = Block(3, 6, 2)
        self.middle = Block(6, 8, 2)
        self.deep = Block(8, 10, 2)

    def forward(self, images_BCHW):
        first = self.stem(images_BCHW)
        second = self.middle(first)
        return [first, second, self.deep(second)]


class Named(Pyramid):
    depth_groups = {"low": ["stem", "middle"], "high": ["deep"]}  # noqa: RUF012
    input = InputSpec(48, 64, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

    def forward(self, images_BCHW):
        return dict(zip("abc", super().forward(images_BCHW), strict=True))

    def embed(self, images_BCHW):
        return self.stem(images_BCHW).amax(dim=(2, 3))


class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = Block(3, 7, 4)

    def forward(self, images_BCHW):
        return self.body(images_BCHW).mean(dim=(2, 3))


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    monkeypatch.setattr(BACKBONES, "_added", {})


def images(side=64):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_channels_strides_and_groups_are_found_by_a_pass():
    network = Pyramid()
    backbone = Backbone(network, image_size=64).eval()
    assert (backbone.family, backbone.name) == ("module", "Pyramid")
    assert backbone.channels == (6, 8, 10)
    assert backbone.strides == (2, 4, 8)
    assert backbone.embedding_dim == 10
    maps = backbone(images())
    assert all(torch.equal(one, other) for one, other in zip(maps, network(images()), strict=True))
    assert torch.equal(backbone.embed(images()), maps[-1].mean(dim=(2, 3)))
    assert [group.name for group in backbone.groups] == ["stem", "middle", "deep"]
    assert sum(len(group.parameters) for group in backbone.groups) == len(list(network.parameters()))


def test_a_module_may_name_its_groups_input_and_embedding():
    backbone = Backbone(Named()).eval()
    assert [group.name for group in backbone.groups] == ["low", "high"]
    assert len(backbone.groups[0].parameters) == 2 * len(backbone.groups[1].parameters)
    assert (backbone.input.height, backbone.input.width, backbone.input.mean[0]) == (48, 64, 0.5)
    assert backbone.embedding_dim == 6
    backbone.set_trainable(last=1, norm="all")
    trains = {name for name, parameter in backbone.named_parameters() if parameter.requires_grad}
    assert trains == set(backbone.groups[1].parameters)
    backbone.train()
    assert not backbone.network.stem.norm.training
    assert backbone.network.deep.norm.training


def test_a_layer_called_embed_is_no_method():
    network = Pyramid()
    network.embed = nn.Conv2d(10, 4, 1)
    assert Backbone(network, image_size=32).embedding_dim == 10


def test_an_embedding_alone_is_enough_for_whole_images():
    backbone = Backbone(Pooled(), image_size=32)
    assert backbone.embedding_dim == 7
    assert backbone.embed(images(32)).shape == (2, 7)
    with pytest.raises(RecipeError, match="an embedding and no feature maps"):
        _ = backbone.channels


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda images: "text", "gives a str"),
        (lambda images: [images.flatten(1)], "gives a list of a tensor of shape"),
        (lambda images: [], "gives a list"),
        (lambda images: [images[:, :, ::4, ::4], images], "shallow to deep"),
    ],
)
def test_what_no_backbone_gives(given, told):
    network = Pyramid()
    network.forward = given
    with pytest.raises(RecipeError, match=told):
        Backbone(network, image_size=32)


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        ({"low": ["stem"], "high": ["deep"]}, r"puts middle\.first\.weight 0 times"),
        ({"low": ["stem", "middle"], "high": ["middle", "deep"]}, r"middle\.first\.weight 2 times"),
        ({"all": ["stem", "middle", "deep"], "none": ["nothing"]}, "every group has some"),
        (["stem"], "is a list; give a dict"),
    ],
)
def test_groups_that_do_not_hold_together(groups, told):
    network = Pyramid()
    network.depth_groups = groups
    with pytest.raises(RecipeError, match=told):
        Backbone(network, image_size=32)


def test_a_module_keeps_its_weights_unless_a_file_is_named(tmp_path):
    network, other = Pyramid(), Pyramid()
    before = copy.deepcopy(network.state_dict())
    assert "Pyramid" in Backbone(network, image_size=32).weights.source
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    torch.save(other.state_dict(), tmp_path / "other.pth")
    backbone = Backbone(network, str(tmp_path / "other.pth"), image_size=32)
    assert torch.equal(backbone.network.stem.first.weight, other.stem.first.weight)
    assert backbone.weights.sha256


@pytest.mark.parametrize(("bad", "told"), [(nn.ReLU(), "without weights"), (3, "an object of type int")])
def test_what_is_no_network(bad, told):
    with pytest.raises(RecipeError, match=told):
        Backbone(bad)


def test_drop_path_is_for_the_module():
    with pytest.raises(RecipeError, match="drop path"):
        Backbone(Pyramid(), drop_path=0.1)


def test_a_registered_class_has_a_name():
    BACKBONES.add(Pyramid)
    assert resolve("pyramid") == ("module", "pyramid")
    assert "pyramid" in backbone_names()
    assert Backbone("pyramid", "none", image_size=32).name == "pyramid"
    with pytest.raises(UnknownName, match="pyramid"):
        resolve("pyramit")


def test_a_registered_class_with_the_name_of_a_library_is_never_taken_silently():
    BACKBONES.add(type("Mine", (Pyramid,), {"kind": "resnet50"}))
    with pytest.raises(RecipeError, match="write timm/resnet50"):
        resolve("resnet50")
    assert resolve("timm/resnet50") == ("timm", "resnet50")


def test_a_registered_class_is_made_without_arguments():
    class Asks(Pyramid):
        kind = "asks"

        def __init__(self, width):
            super().__init__()

    BACKBONES.add(Asks)
    with pytest.raises(RecipeError, match="made without arguments"):
        Backbone("asks")


@pytest.fixture
def in_timm(monkeypatch):
    """Return a function that registers a network with timm for one test."""
    from timm.models import _registry

    for table in ("_model_entrypoints", "_model_to_module", "_module_to_models"):
        monkeypatch.setattr(_registry, table, copy.deepcopy(getattr(_registry, table)))

    def register(function):
        monkeypatch.setattr(_registry.sys.modules[function.__module__], "__all__", [], raising=False)
        return timm.models.register_model(function)

    return register


def test_what_a_program_registers_with_timm_has_a_name(in_timm):
    @in_timm
    def my_resnet(pretrained=False, **options):
        return timm.create_model("test_resnet", pretrained=False, num_classes=options.get("num_classes", 1000))

    assert resolve("my_resnet") == ("timm", "my_resnet")
    backbone = Backbone("my_resnet", "none", image_size=32)
    assert backbone.family == "timm"
    assert backbone.channels == Backbone("test_resnet", "none", image_size=32).channels


def test_timm_may_hold_any_module(in_timm):
    @in_timm
    def my_pyramid(pretrained=False, pretrained_cfg=None, pretrained_cfg_overlay=None, cache_dir=None):
        return Pyramid()

    backbone = Backbone("timm/my_pyramid", "none", image_size=32)
    assert (backbone.family, backbone.name) == ("module", "my_pyramid")
    assert backbone.strides == (2, 4, 8)


class TestSetTrainable:
    @pytest.mark.parametrize(
        ("asked", "trained"),
        [
            ({"last": 2}, ["middle", "deep"]),
            ({"last": 0}, []),
            ({"groups": "none"}, []),
            ({"groups": "all"}, ["stem", "middle", "deep"]),
            ({}, ["stem", "middle", "deep"]),
            ({"groups": "deep"}, ["deep"]),
            ({"groups": ["deep", "stem"]}, ["stem", "deep"]),
            ({"groups": 1}, ["deep"]),
        ],
    )
    def test_the_words_of_a_stage(self, asked, trained):
        backbone = Backbone(Pyramid(), image_size=32)
        backbone.set_trainable(**asked)
        found = {name.split(".")[1] for name, p in backbone.named_parameters() if p.requires_grad}
        assert found == set(trained)

    @pytest.mark.parametrize("asked", [{"last": 4}, {"last": -1}, {"groups": "dep"}, {"norm": "frosen"}])
    def test_what_there_is_not(self, asked):
        with pytest.raises(RecipeError, match="set_trainable: "):
            Backbone(Pyramid(), image_size=32).set_trainable(**asked)


def test_hooks_see_every_use_and_backbones_can_be_copied():
    backbone, seen = Backbone(Pyramid(), image_size=32).eval(), []
    handle = backbone.register_forward_hook(lambda *_: seen.append(1))
    backbone(images(32))
    backbone.embed(images(32))
    assert len(seen) == 2
    handle.remove()
    for twin in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        assert torch.equal(twin.embed(images(32)), backbone.embed(images(32)))


def test_a_module_in_evaluation_or_frozen_trains_all_the_same():
    backbone = Backbone(Pyramid().eval().requires_grad_(False))
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    assert all(module.training for module in backbone.modules())

"""A network in two parts; every family of networks is cut in tests/contracts/test_backbones.py."""

import pytest
import torch
from torch import Tensor, nn

from visionft.errors import TrainingError
from visionft.models.backbones import Backbone
from visionft.models.backbones.cut import Cut
from visionft.models.backbones.placeholder import CannotCut

IMAGES = torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))


class Chain(nn.Module):
    """Four convolutions; what is done between the second and the third is up to the test."""

    def __init__(self, between=None) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3 if n == 0 else 4, 4, 3, stride=2, padding=1) for n in range(4))
        self.between = between

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        maps = []
        for n, layer in enumerate(self.layers):
            if n == 2 and self.between is not None:
                images_BCHW = self.between(images_BCHW)
            images_BCHW = layer(images_BCHW).relu_()
            maps.append(images_BCHW)
        return maps


def cut_of(network: nn.Module, last: int = 2, images: Tensor = IMAGES) -> tuple[Backbone, Cut]:
    torch.manual_seed(0)
    backbone = Backbone(network, image_size=32)
    backbone.set_trainable(last=last)
    return backbone, Cut(backbone, backbone, images)


def equal(one: list[Tensor], two: list[Tensor]) -> bool:
    return all(torch.equal(first, second) for first, second in zip(one, two, strict=True))


def test_maps_in_front_of_the_cut_are_kept():
    backbone, cut = cut_of(Chain())
    kept = cut.prefix(IMAGES)
    assert [tuple(tensor.shape) for tensor in kept] == [(6, 1, 4, 8, 8), (6, 1, 4, 16, 16)]
    assert cut.bytes_per_image == 4 * 4 * (8 * 8 + 16 * 16)
    assert equal(cut.suffix(kept), backbone(IMAGES))


def test_rows_may_come_from_anywhere_and_in_half_precision():
    backbone, cut = cut_of(Chain())
    parts = [cut.prefix(IMAGES[:1]), cut.prefix(IMAGES[1:])]
    rows = torch.tensor([5, 0, 0, 3])
    halves = [torch.cat(both).half()[rows] for both in zip(*parts, strict=True)]
    for found, expected in zip(cut.suffix(halves), backbone(IMAGES[rows]), strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected, rtol=0, atol=2e-3)


def test_where_all_is_frozen_nothing_is_run_behind():
    backbone, cut = cut_of(Chain(), last=0)
    kept, calls = cut.prefix(IMAGES), []
    for layer in backbone.network.layers:
        layer.register_forward_hook(lambda *_: calls.append(1))
    found = cut.suffix(kept)
    assert not calls
    assert equal(found, backbone(IMAGES))
    assert [tensor.is_contiguous() for tensor in found] == [tensor.is_contiguous() for tensor in backbone(IMAGES)]


def test_memory_format_lasts():
    images = IMAGES.contiguous(memory_format=torch.channels_last)
    backbone, cut = cut_of(Chain().to(memory_format=torch.channels_last), images=images)
    seen = []
    backbone.network.layers[2].register_forward_hook(lambda module, args, output: seen.append(args[0]))
    cut.suffix(cut.prefix(images))
    assert seen[-1].is_contiguous(memory_format=torch.channels_last)


def test_what_is_frozen_is_not_run_again():
    backbone, cut = cut_of(Chain())
    kept, calls = cut.prefix(IMAGES), []
    for layer in backbone.network.layers:
        layer.register_forward_hook(lambda module, args, output: calls.append(type(output) is Tensor and output.device))
    cut.suffix(kept)
    assert [device for device in calls if device] == [torch.device("cpu")] * 2
    cut.prefix(IMAGES)
    assert len(calls) == 4 + 2


class Windows(Chain):
    """The third convolution works on the four quarters of the maps."""

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        first, second, third, fourth = self.layers
        maps_BCHW = second(first(images_BCHW))
        channels, height, width = maps_BCHW.shape[1:]
        quarters = maps_BCHW.view(-1, channels, 2, height // 2, 2, width // 2).permute(0, 2, 4, 1, 3, 5)
        done = third(quarters.flatten(0, 2))
        together = done.view(-1, 2, 2, *done.shape[1:]).permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)
        return [maps_BCHW, fourth(together)]


def test_windows_of_an_image_stay_together():
    backbone, cut = cut_of(Windows())
    kept = cut.prefix(IMAGES)
    assert [tensor.shape[:2] for tensor in kept] == [(6, 4), (6, 1)]
    rows = torch.tensor([4, 1])
    assert equal(cut.suffix([tensor[rows] for tensor in kept]), backbone(IMAGES[rows]))


def test_a_network_may_ask_for_other_things_where_no_gradient_is_wanted():
    def asks(maps):
        return maps * 2 if torch.is_grad_enabled() and maps.requires_grad and maps.shape else maps

    _, cut = cut_of(Chain(asks))
    kept = cut.prefix(IMAGES)
    with torch.inference_mode():
        assert len(cut.suffix(kept)) == 4


def test_a_network_that_goes_another_way_in_inference_mode_is_found_before_it_is_validated():
    def fast(maps):
        return maps.relu() if torch.is_inference_mode_enabled() else maps

    with pytest.raises(CannotCut, match="alike"):
        cut_of(Chain(fast))


def test_what_shows_on_the_way_only_is_an_error_that_says_what_to_do():
    _, cut = cut_of(Chain(lambda maps: maps.relu() if len(maps) > 4 else maps))
    kept = cut.prefix(IMAGES[:4])
    rows = torch.tensor([0, 1, 2, 3, 0])
    with pytest.raises(TrainingError, match=r"alike twice.*stages\.NAME\.views"):
        cut.suffix([tensor[rows] for tensor in kept])


def test_dropout_behind_the_cut_draws_anew():
    backbone, cut = cut_of(Chain(nn.Dropout(0.5)))
    kept = cut.prefix(IMAGES)
    torch.manual_seed(1)
    first = cut.suffix(kept)
    torch.manual_seed(1)
    assert equal(backbone(IMAGES), first)
    assert not equal(first, cut.suffix(kept))


def written(into: Tensor, what: Tensor) -> Tensor:
    into[:] = what
    return into


def test_what_is_written_in_place_in_front_of_the_cut():
    backbone, cut = cut_of(Chain(lambda maps: written(maps, maps * 2)))
    assert equal(cut.suffix(cut.prefix(IMAGES)), backbone(IMAGES))


@pytest.mark.parametrize(
    ("between", "reason"),
    [
        (lambda maps: maps - maps.mean(0, keepdim=True), "meet each other"),
        (lambda maps: maps if maps.sum() > 1e9 else maps * 2, "without values: .*item"),
        (lambda maps: written(torch.zeros(maps.shape), maps), "writes what is frozen"),
    ],
    ids=["images meet", "values decide", "written elsewhere"],
)
def test_networks_that_cannot_be_cut(between, reason):
    with pytest.raises(CannotCut, match=reason):
        cut_of(Chain(between))


def test_a_cut_needs_something_frozen():
    with pytest.raises(CannotCut, match="frozen"):
        cut_of(Chain(), last=4)


def test_random_generator_and_statistics_are_left_as_they_were():
    torch.manual_seed(3)
    expected = torch.rand(2)
    backbone = Backbone("timm/test_resnet", "none", image_size=32)
    backbone.set_trainable(last=2, norm="all")
    before = {name: buffer.clone() for name, buffer in backbone.named_buffers()}
    torch.manual_seed(3)
    Cut(backbone, backbone.embed, IMAGES)
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(before[name], buffer) for name, buffer in backbone.named_buffers())

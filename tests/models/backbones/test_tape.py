"""What is frozen, as a list of operations; every family of networks is taped in tests/contracts/test_backbones.py."""

import pytest
import torch
from torch import Tensor, nn

from visionft.models.backbones import Backbone
from visionft.models.backbones.cut import Cut

IMAGES = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


class Chain(nn.Module):
    """Four convolutions that give their maps, with something awkward in the frozen half."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3 if n == 0 else 4, 4, 3, stride=2, padding=1) for n in range(4))

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        maps = []
        for n, layer in enumerate(self.layers):
            images_BCHW = layer(images_BCHW).relu_()
            if n == 0:
                images_BCHW = images_BCHW + torch.linspace(0, 1, images_BCHW.shape[-1])
                images_BCHW[:, 0] = images_BCHW[:, 1] * 2
                low, high = images_BCHW.chunk(2, dim=1)
                images_BCHW = torch.cat([high.mT, low.mT.clamp_(max=0.5)], dim=1)
            maps.append(images_BCHW)
        return maps


def cut_of(last: int = 2) -> Cut:
    torch.manual_seed(0)
    backbone = Backbone(Chain(), image_size=32)
    backbone.set_trainable(last=last)
    return Cut(backbone, backbone, IMAGES)


def test_it_does_the_same_with_other_images():
    cut = cut_of()
    tape = cut.tape(IMAGES)
    for images in (IMAGES, IMAGES.flip(0) * 2):
        expected, found = cut.prefix(images), tape(images.clone())
        assert len(expected) == 2
        assert all(torch.equal(one, two) for one, two in zip(expected, found, strict=True))


@pytest.mark.parametrize(("last", "same"), [(2, True), (1, False)])
def test_two_are_the_same_where_they_do_the_same(last, same):
    assert cut_of().tape(IMAGES).same_as(cut_of(last).tape(IMAGES)) is same


def test_other_weights_are_another():
    one, other = cut_of(), cut_of()
    next(iter(one._run.network.parameters())).data.add_(1)
    assert not one.tape(IMAGES).same_as(other.tape(IMAGES))

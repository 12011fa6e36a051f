"""The light head.

Shape suffixes: B batch, C channels, K classes, H height, W width.
"""

import pytest
import torch
from torch.nn import functional as F

from visionft.models.heads.lite import LiteHead


def maps_of(channels, strides, height=64, width=96):
    return [
        torch.randn(2, c, height // s, width // s, requires_grad=True) for c, s in zip(channels, strides, strict=True)
    ]


@pytest.mark.parametrize(
    ("strides", "stride"),
    [
        ((1, 2, 4, 8, 16, 32), 2),
        ((2, 4, 8, 16, 32), 2),
        ((4, 8, 16, 32), 4),
        ((8, 16), 4),
        ((16, 16, 16, 16), 4),
        ((32, 32), 4),
    ],
)
def test_it_ends_at_the_finest_map_and_at_four_at_the_coarsest(strides, stride):
    head = LiteHead((8,) * len(strides), strides, 3).eval()

    logits_BKHW = head(maps_of((8,) * len(strides), strides))

    assert head.stride == stride
    assert logits_BKHW.shape == (2, 3, 64 // stride, 96 // stride)


@pytest.mark.parametrize("strides", [(2, 4, 8, 16, 32), (16, 16, 16, 16)])
def test_every_map_counts(strides):
    channels = tuple(range(8, 8 + len(strides)))
    maps = maps_of(channels, strides)

    LiteHead(channels, strides, 3)(maps).square().sum().backward()

    assert all(float(map_BCHW.grad.abs().max()) > 0 for map_BCHW in maps)


def test_a_change_in_a_corner_is_felt_everywhere():
    """By the mean of the deepest map: the convolutions alone would not reach the other corner."""
    torch.manual_seed(0)
    head = LiteHead((8, 8), (4, 8), 3).eval()
    maps = [map_BCHW.detach() for map_BCHW in maps_of((8, 8), (4, 8), 256, 256)]
    before_BKHW = head(maps)
    maps[1][:, :, 0, 0] += 100

    assert not torch.equal(head(maps)[:, :, -1, -1], before_BKHW[:, :, -1, -1])


def test_dropout_acts_in_training_only():
    head = LiteHead((8, 8), (4, 8), 3, dropout=0.5)
    maps = maps_of((8, 8), (4, 8))

    assert torch.equal(head.eval()(maps), head(maps))
    head.train()
    assert not torch.equal(head(maps), head(maps))


def test_it_learns_what_the_finest_map_shows_and_what_the_coarsest_does():
    torch.manual_seed(0)
    channels, strides = (4, 4), (4, 16)
    maps = [map_BCHW.detach() for map_BCHW in maps_of(channels, strides)]
    fine_BHW = (maps[0][:, 0] > 0).long()
    coarse_BHW = F.interpolate((maps[1][:, :1] > 0).float(), scale_factor=4)[:, 0].long()
    truth_BHW = fine_BHW + 2 * coarse_BHW
    head = LiteHead(channels, strides, 4)
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    for _ in range(80):
        loss = F.cross_entropy(head(maps), truth_BHW)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    assert float((head.eval()(maps).argmax(1) == truth_BHW).float().mean()) > 0.9

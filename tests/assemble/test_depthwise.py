"""Large depthwise convolutions keep their function and their class's own behaviour."""

from copy import deepcopy

import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from visionft.assemble.depthwise import spare_depthwise


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        Conv2dSame(8, 8, 5, stride=2, groups=8),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.Conv2d(8, 8, 7, padding=3, groups=8),
        nn.Conv2d(8, 4, 5, groups=2),
    )


def gradients(net, images):
    net.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = net(images)
    out.float().square().sum().backward()
    return {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}


def test_only_large_depthwise_layers_change_and_only_once():
    net = network()
    names = list(net.state_dict())
    assert spare_depthwise(net) == 2
    assert spare_depthwise(net) == 0
    assert isinstance(net[1], Conv2dSame)
    assert type(net[0]) is type(net[2]) is type(net[4]) is nn.Conv2d
    assert list(net.state_dict()) == names


def test_gradients_are_at_least_as_close_to_float32():
    plain = network()
    spared = deepcopy(plain)
    spare_depthwise(spared)
    images = torch.randn(2, 3, 24, 24)
    plain(images).square().sum().backward()
    exact = {name: p.grad.clone() for name, p in plain.named_parameters()}
    ours = gradients(spared, images)
    assert ours.keys() == exact.keys()
    for name, gradient in exact.items():
        assert torch.linalg.norm(ours[name] - gradient) <= 0.03 * torch.linalg.norm(gradient), name


def test_what_needs_a_gradient_runs_in_fp32_and_what_does_not_in_bf16():
    layer = nn.Sequential(nn.Conv2d(4, 4, 5, groups=4))
    spare_depthwise(layer)
    images = torch.randn(1, 4, 9, 9)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(images).dtype is torch.float32
        with torch.no_grad():
            assert layer(images).dtype is torch.bfloat16
        layer.requires_grad_(False)
        assert layer(images).dtype is torch.bfloat16
        assert layer(images.requires_grad_()).dtype is torch.float32


@pytest.mark.parametrize("copy", [deepcopy, lambda net: net])
def test_without_autocast_nothing_changes(copy):
    net = network()
    images = torch.randn(2, 3, 24, 24)
    expected = net(images)
    spare_depthwise(net)
    assert torch.equal(copy(net)(images), expected)

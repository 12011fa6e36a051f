"""Large depthwise convolutions keep their function and their class's own behaviour."""

from copy import deepcopy

import pytest
import torch
from timm.layers import Conv2dSame
from torch import nn

from visionft.models.kernels.depthwise import speed_up_depthwise


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
    assert speed_up_depthwise(net) == 2
    assert speed_up_depthwise(net) == 0
    assert isinstance(net[1], Conv2dSame)
    assert type(net[0]) is type(net[2]) is type(net[4]) is nn.Conv2d
    assert list(net.state_dict()) == names


def test_gradients_are_those_of_float32_up_to_the_rounding_of_bf16():
    plain = network()
    fast = deepcopy(plain)
    speed_up_depthwise(fast)
    images = torch.randn(2, 3, 24, 24)
    plain(images).square().sum().backward()
    exact = {name: p.grad.clone() for name, p in plain.named_parameters()}
    ours = gradients(fast, images)
    assert ours.keys() == exact.keys()
    for name, gradient in exact.items():
        assert torch.linalg.norm(ours[name] - gradient) <= 0.03 * torch.linalg.norm(gradient), name


@pytest.mark.parametrize("kernel", [5, 7, (3, 5), (11, 4)])
@pytest.mark.parametrize("stride", [1, 2, (2, 1)])
@pytest.mark.parametrize("kind", [nn.Conv2d, Conv2dSame])
def test_every_shape_against_float64(kernel, stride, kind):
    torch.manual_seed(0)
    padding = 0 if kind is Conv2dSame else 2
    layer = kind(6, 6, kernel, stride=stride, padding=padding, groups=6)
    # values that bf16 holds exactly, and sums that it rounds
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randint(-8, 9, parameter.shape) / 8)
    images = (torch.randint(-8, 9, (3, 6, 17, 14)) / 8).requires_grad_()
    exact = deepcopy(layer).double()
    images64 = images.detach().double().requires_grad_()
    assert speed_up_depthwise(nn.Sequential(layer)) == 1
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(images)
    weights = torch.randint(-8, 9, out.shape) / 8
    assert out.dtype is torch.bfloat16
    (out.float() * weights).sum().backward()
    (exact(images64) * weights).sum().backward()
    found, expected = [images, *layer.parameters()], [images64, *exact.parameters()]
    for ours, theirs in zip(found, expected, strict=True):
        error = torch.linalg.norm(ours.grad.double() - theirs.grad) / torch.linalg.norm(theirs.grad)
        assert error < 0.01


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 4, 5, groups=4, dilation=2),
        nn.Conv2d(4, 4, 5, groups=4, padding="same"),
        nn.Conv2d(4, 4, 5, groups=4, padding_mode="reflect", padding=2),
        nn.Conv2d(4, 4, (1, 7), groups=4),
        nn.Conv2d(4, 8, 5, groups=4),
    ],
)
def test_what_it_cannot_do_is_left_alone(layer):
    assert speed_up_depthwise(nn.Sequential(layer)) == 0


def test_frozen_weights_get_no_gradient():
    layer = nn.Sequential(nn.Conv2d(4, 4, 5, groups=4).requires_grad_(False))
    speed_up_depthwise(layer)
    images = torch.randn(1, 4, 9, 9, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layer(images).float().sum().backward()
    assert images.grad is not None
    assert layer[0].weight.grad is None


@pytest.mark.parametrize("copy", [deepcopy, lambda net: net])
def test_without_autocast_nothing_changes(copy):
    net = network()
    images = torch.randn(2, 3, 24, 24)
    expected = net(images)
    speed_up_depthwise(net)
    assert torch.equal(copy(net)(images), expected)

"""Depth groups of small networks built here, whose order of calls is known."""

import torch
from torch import nn

from visionft.models.backbones.groups import DepthGroup, depth_groups, module_groups


def block() -> nn.Module:
    return nn.TransformerEncoderLayer(8, 2, 16)


class Stage(nn.Module):
    def __init__(self, count: int):
        super().__init__()
        self.downsample = nn.Linear(8, 8)
        self.blocks = nn.ModuleList(block() for _ in range(count))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.norm = nn.LayerNorm(8)  # registered early, run last
        self.stem = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8))
        self.drop = nn.Dropout()
        self.stages = nn.Sequential(Stage(1), Stage(2))
        self.conv_head = nn.Linear(8, 8)


def calls_of(network: nn.Module, last: tuple[str, ...]) -> dict[str, int]:
    names = [name for name, module in network.named_modules() if list(module.parameters(recurse=False)) and name]
    ordered = [name for name in names if name not in last] + list(last)
    return {name: index for index, name in enumerate(ordered)}


def test_groups_follow_the_calls_and_are_named_after_the_blocks():
    network = Net()

    groups = depth_groups(network, calls_of(network, last=("conv_head", "norm")), prefix="network.")

    assert [group.name for group in groups] == [
        "stem",
        "stages.0.blocks.0",
        "stages.1.downsample",
        "stages.1.blocks.0",
        "stages.1.blocks.1",
        "head",
    ]
    assert "network.cls_token" in groups[0].parameters
    assert "network.stages.0.downsample.weight" in groups[0].parameters  # leads to the first block
    assert set(groups[-1].parameters) == {
        "network.norm.weight",
        "network.norm.bias",
        "network.conv_head.weight",
        "network.conv_head.bias",
    }


def test_a_plain_chain_of_layers_gives_one_group_each():
    network = nn.Sequential(nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(4))))

    groups = depth_groups(network, calls_of(network, last=()), prefix="")

    assert [group.name for group in groups] == ["stem", "0.1", "0.2", "0.3"]


def test_a_module_first_run_inside_a_block_belongs_to_it():
    network = nn.Module()
    network.stem = nn.Linear(8, 8)
    network.shared = nn.Linear(8, 8)
    network.blocks = nn.Sequential(block(), block())
    calls = calls_of(network, last=())
    calls["stem"], calls["shared"] = -2, calls["blocks.0.linear1"]  # between the block's first call and its last

    groups = {group.name: group.parameters for group in depth_groups(network, calls, prefix="")}

    assert "shared.weight" in groups["blocks.0"]
    assert list(groups) == ["stem", "blocks.0", "blocks.1"]


def test_modules_without_parameters_go_with_those_before_them():
    root = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.Linear(2, 2), nn.Dropout())
    groups = (DepthGroup("a", ("0.weight", "0.bias")), DepthGroup("b", ("2.weight", "2.bias")))

    served = module_groups(root, groups)

    assert served["1"] == {"a"}
    assert served["3"] == {"b"}
    assert served[""] == {"a", "b"}

import pytest
import torch
from torch import nn

from visionft import Backbone, parameter_groups
from visionft.assemble import assemble, load_data
from visionft.training.optimizer import enter_stage


def test_rates_and_decay_are_those_of_a_stage(tiny):
    recipe = tiny(
        optim={"weight_decay": 0.05},
        stages=[{"name": "s", "unfreeze": 3, "epochs": 1, "head_lr": 1e-2, "backbone_lr": 1e-3, "layer_decay": 0.5}],
    )
    job = assemble(recipe, load_data(recipe))
    of_stage = enter_stage(job, job.plans[0]).param_groups
    groups = parameter_groups(
        job.network.backbone, job.network.head, lr=1e-3, head_lr=1e-2, layer_decay=0.5, weight_decay=0.05
    )
    optimizer = torch.optim.AdamW(groups, lr=123.0)
    assert len(groups) == len(of_stage)
    for mine, theirs in zip(optimizer.param_groups, of_stage, strict=True):
        assert [id(p) for p in mine["params"]] == [id(p) for p in theirs["params"]]
        assert (mine["lr"], mine["weight_decay"]) == (theirs["lr"], theirs["weight_decay"])
    assert [group["name"] for group in groups][-2:] == ["head", "head"]


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW, torch.optim.RMSprop])
def test_any_optimizer_takes_them(kind):
    backbone, head = Backbone("test_resnet", "none", image_size=32), nn.Linear(96, 3)
    backbone.set_trainable(last=2, norm="frozen")
    groups = parameter_groups(backbone, head, lr=1e-2)
    before = [p.detach().clone() for p in (*backbone.parameters(), *head.parameters())]
    optimizer = kind(groups)
    head(backbone.embed(torch.rand(2, 3, 32, 32))).sum().backward()
    optimizer.step()
    after = [*backbone.parameters(), *head.parameters()]
    moved = [not torch.equal(one, other) for one, other in zip(before, after, strict=True)]
    assert moved == [p.requires_grad for p in after]
    assert {group["name"] for group in groups} == {*(group.name for group in backbone.groups[-2:]), "head"}
    assert {group["lr"] for group in groups} == {1e-2, 1e-2 * 0.8}


def test_a_frozen_backbone_has_no_groups():
    backbone, head = Backbone("test_resnet", "none", image_size=32), nn.Linear(96, 3)
    backbone.set_trainable("none")
    assert {group["name"] for group in parameter_groups(backbone, head, lr=1e-2)} == {"head"}

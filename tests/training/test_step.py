"""Optimizer steps: what wraps the network's forward pass sees all of them."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from visionft.assemble import assemble, load_data
from visionft.training.optimizer import enter_stage
from visionft.training.step import Stepper


class Wrapper(nn.Module):
    """Stands around a network as distributed training does: it has its forward pass, and knows when it is under way."""

    def __init__(self, network):
        super().__init__()
        self.network, self.under_way, self.calls = network, False, 0
        for module in network.modules():
            module.register_forward_pre_hook(self.check)

    def forward(self, batch):
        self.under_way, self.calls = True, self.calls + 1
        losses = self.network(batch)
        self.under_way = False
        return losses

    def check(self, module, given):
        assert self.under_way, f"{type(module).__name__} is used outside of the network's forward pass"


@pytest.mark.parametrize("head", ["dense", "faster_rcnn"])
def test_a_step_runs_nothing_of_the_network_but_its_forward_pass(objects, head):
    recipe = objects(task={"kind": "detection", "head": head})
    job = assemble(recipe, load_data(recipe))
    plan = job.plans[1]
    optimizer = enter_stage(job, plan)
    wrapper = Wrapper(job.network)
    stepper = Stepper(replace(job, network=wrapper), plan, optimizer)
    before = {name: weights.detach().clone() for name, weights in job.network.named_parameters()}
    with job.train_loader(plan.stage) as loader:
        batches = [batch for batch, _ in zip(loader.training(0), range(2), strict=False)]
    assert stepper.take(batches, run_step=0, stage_step=0) is not None
    assert wrapper.calls == len(batches)
    assert any(not torch.equal(weights, before[name]) for name, weights in job.network.named_parameters())

"""A stage's plan applied to the network and the optimizer; optimizer state by parameter name.

State is kept by name, so that one rule serves both a stage boundary and a resume: whatever the new optimizer still
trains gets its old state back.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from visionft.assemble import Job
from visionft.models.network import TaskNetwork
from visionft.stages import StagePlan


def enter_stage(job: Job, plan: StagePlan) -> AdamW:
    """Freeze and unfreeze the network as the plan says, and build the optimizer for what trains.

    Returns:
        AdamW with a parameter group per depth group and for the head, split into what has weight decay and what
        has none; ``base_lr`` holds each group's peak rate.
    """
    network, section = job.network, job.recipe.optim
    network.backbone.set_trainable(plan.groups, plan.stage.norm)
    network.train()
    groups = []
    for parameters, lr in _parameters_by_rate(network, plan):
        # biases, norm scales and the like are vectors: decay would only pull them off their function
        for decay, wanted in ((section.weight_decay, True), (0.0, False)):
            chosen = [(name, p) for name, p in parameters.items() if (p.ndim > 1) == wanted]
            if chosen:
                groups.append({"params": chosen, "lr": lr, "base_lr": lr, "weight_decay": decay})
    return AdamW(groups, lr=plan.stage.head_lr, betas=section.betas, fused=True)


def _parameters_by_rate(network: TaskNetwork, plan: StagePlan) -> Iterator[tuple[dict[str, nn.Parameter], float]]:
    own = {name: p for name, p in network.named_parameters() if p.requires_grad}
    members = {group.name: group.parameters for group in network.backbone.groups}
    for rate in plan.rates:
        names = (f"backbone.{name}" for name in members[rate.group])
        yield {name: own.pop(name) for name in names if name in own}, rate.lr
    yield own, plan.stage.head_lr


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Set every rate to its peak times a factor."""
    for group in optimizer.param_groups:
        group["lr"] = group["base_lr"] * factor


def state_by_name(optimizer: Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's state as ``parameter/entry`` -> tensor."""
    return {
        f"{name}/{entry}": value
        for group in optimizer.param_groups
        for name, parameter in zip(group["param_names"], group["params"], strict=True)
        for entry, value in optimizer.state.get(parameter, {}).items()
    }


def restore_state(optimizer: Optimizer, state: Mapping[str, Tensor]) -> None:
    """Give every parameter that the optimizer trains the state it had, if it had one."""
    entries: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        name, _, entry = key.rpartition("/")
        entries.setdefault(name, {})[entry] = value
    for group in optimizer.param_groups:
        for name, parameter in zip(group["param_names"], group["params"], strict=True):
            for entry, value in entries.get(name, {}).items():
                # same layout as the parameter, as the optimizer itself would have made it
                like = torch.empty_like(parameter) if value.shape == parameter.shape else torch.empty_like(value)
                optimizer.state[parameter][entry] = like.to(dtype=value.dtype).copy_(value)
